-- Tells a counter what the ledger says was spent, unless it is known, or something was settled since the ledger was asked.
if is_stranger() then return {'stranger'} end
local client_now, version = number(), arg()
local edition, scope, span, spent = arg(), arg(), arg(), amount(arg())
local budget = budget_of(scope, edition)
note_since(budget, client_now)
local purse = purse_of(budget, span)
local is_stale = version ~= '' and version ~= whole(purse.version)
if not purse.known and not is_stale then
  if less(purse.spent, spent) then
    purse.spent = spent
    put(budget, 'spent=' .. span, text(spent))
  end
  make_known(budget, span, purse)
  put(budget, 'seeded=' .. span, whole(now))
  redis.call('HDEL', budget.key, 'version=' .. span, 'settled=' .. span)
end
save_budgets()
return {'seeded'}
