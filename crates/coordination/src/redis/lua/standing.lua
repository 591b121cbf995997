-- Where a counter stands. Of one that is not known: how long until the ledger has what was settled lately, in microseconds, and a version
-- that is another as soon as something more is settled. A budget that was never met before may be new, and not every process may have
-- heard of it, so that what they settle meanwhile is said to the ledger alone.
if is_stranger() then return {'stranger'} end
local rest = number()
local edition, scope, span = arg(), arg(), arg()
local budget = budget_of(scope, edition)
local purse = budget.purses[span]
if purse and purse.known then
  return {'known', text(purse.spent), text(plus(purse.mine, purse.others))}
end
if not budget.since and not budget.met then
  budget.met = now
  put(budget, 'met', whole(now))
  save_budgets()
end
local born = tonumber(redis.call('GET', P .. 'born') or '0')
local last = math.max(born, budget.met or 0, purse and purse.settled or 0)
local wait = math.max(last + rest - now, 0)
return {'unknown', math.min(wait, rest), whole(purse and purse.version or 0)}
