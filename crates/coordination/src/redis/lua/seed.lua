-- Tells a counter what the ledger says was spent, unless all of it is known. What was settled since the mark was taken, or so shortly
-- before that it may not have been in the ledger, is added.
if is_stranger() then return {'stranger'} end
local client_now = number()
local edition, scope, span, answered = arg(), arg(), arg(), amount(arg())
local life, counted = arg(), amount(arg())
local budget = budget_of(scope, edition)
local purse = budget.purses[span] or new_purse()
if is_exact(purse) then return {'known'} end
if not purse.life or life ~= life_of(purse) or less(purse.counted, counted) then return {'stale'} end

local unsure = minus(purse.counted, counted)
local most = plus(answered, unsure)
-- What this store was told of for certain was spent, even where the ledger lacks it: it may wait in another process's journal.
local certain = minus(purse.spent, purse.excess)
if less(certain, answered) then certain = answered end
if not purse.known or less(most, purse.spent) then purse.spent = most end
if less(purse.spent, certain) then purse.spent = certain end
-- What the ledger does not have at all can't be in its answer.
purse.excess = least(minus(purse.spent, certain), answered)
put(budget, 'spent=' .. span, text(purse.spent))
put(budget, 'excess=' .. span, text(purse.excess))
put(budget, 'seeded=' .. span, whole(now))
make_known(budget, span, purse)
note_since(budget, client_now)
if is_zero(unsure) then
  redis.call('HDEL', budget.key, 'life=' .. span, 'noted=' .. span, 'counted=' .. span, 'lately=' .. span)
  redis.call('SREM', QUESTIONS, question_of(budget, span))
end
save_budgets()
return {'known'}
