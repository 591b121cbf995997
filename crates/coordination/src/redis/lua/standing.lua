-- Where a counter stands. Of one that is not known: how long until the ledger has what was settled lately, in microseconds, and a version
-- that is another as soon as something more is settled.
if is_stranger() then return {'stranger'} end
local rest = number()
local edition, scope, span = arg(), arg(), arg()
local purse = budget_of(scope, edition).purses[span]
if purse and purse.known then
  return {'known', text(purse.spent), text(plus(purse.mine, purse.others))}
end
local born = tonumber(redis.call('GET', P .. 'born') or '0')
local settled = purse and purse.settled or 0
local wait = math.max(math.max(born, settled) + rest - now, 0)
return {'unknown', math.min(wait, rest), whole(purse and purse.version or 0)}
