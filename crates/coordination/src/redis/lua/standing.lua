-- What is known of a counter. Of one that is not known exactly: how long until the ledger has what was settled before this store counted,
-- in microseconds, which life of the counter this is, and what of that was settled so long ago that the ledger has it.
if is_stranger() then return {'stranger'} end
local edition, scope, span = arg(), arg(), arg()
local budget = budget_of(scope, edition)
local purse = purse_of(budget, span)
local spent, held = text(purse.spent), text(plus(purse.mine, purse.others))
local answer
if is_exact(purse) then
  redis.call('SREM', QUESTIONS, question_of(budget, span))
  answer = {'exactly', spent, held}
else
  if not purse.life then question(budget, span, purse, countable_since(purse)) end
  local counted = text(sure(budget, span, purse))
  local wait = math.max(purse.noted + rest - now, 0)
  answer = {purse.known and 'at_most' or 'unknown', spent, held, wait, life_of(purse), counted}
end
save_budgets()
return answer
