-- Holds more of budgets, of each its own, or changes nothing.
if is_stranger() then return {'stranger'} end
local client_now = number()
local purses, refusal = {}, nil
for p = 1, number() do
  local edition, scope, span, limit, more = arg(), arg(), arg(), amount(arg()), amount(arg())
  local budget = budget_of(scope, edition)
  purses[p] = {budget = budget, span = span, more = more}
  if not refusal then
    local purse = known_purse(budget, span, client_now)
    local kind = purse and withheld(purse, limit, more)
    if not purse then refusal = {'unseeded', p}
    elseif kind then refusal = {'refused', p, kind} end
  end
end
if not refusal then
  for _, purse in ipairs(purses) do hold(purse.budget, purse.span, purse.more) end
end
save_budgets()
return refusal or {'covered'}
