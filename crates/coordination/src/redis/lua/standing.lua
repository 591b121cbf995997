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
end
-- The clock was set back: what lies ahead of it counts as if it had happened now, once.
local function past(moment, note)
  if moment <= now then return moment end
  note()
  return now
end
local born = past(tonumber(redis.call('GET', P .. 'born') or '0'), function() redis.call('SET', P .. 'born', whole(now)) end)
local met = past(budget.met or 0, function() put(budget, 'met', whole(now)) end)
local settled = past(purse and purse.settled or 0, function() put(budget, 'settled=' .. span, whole(now)) end)
save_budgets()
local wait = math.max(math.max(born, met, settled) + rest - now, 0)
return {'unknown', wait, whole(purse and purse.version or 0)}
