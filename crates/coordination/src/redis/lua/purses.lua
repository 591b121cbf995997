-- Budgets. One budget is one hash, so that it is lost whole or not at all: since when everything that it spends goes through here, and
-- of each window whether what was spent is known, what was spent, and what the calls of each process hold.
local REMEMBERED = 86400000
local ENDLESS = '9223372036854775807'
-- Nobody asks for it any longer: then the ledger is asked again.
local FORGOTTEN = 3456000000
-- Windows of a budget that need no tidying.
local MANY = 16
-- How far, in milliseconds, the calendar of those who ask may be from the server's clock before it is not believed.
local AGREEMENT = 60000

-- The number of doubts: with each one, what was known of every budget is known no more.
local doubt = redis.call('GET', P .. 'doubt') or '0'
-- What was settled so long before the ledger was asked stands in the ledger.
local ON_ITS_WAY = 2000000

local budgets = {}

local function new_purse()
  return {spent = ZERO, mine = ZERO, others = ZERO, known = false, version = 0, settled = 0, seeded = 0}
end

local function is_remembered(span, client_now)
  local finish = span:match(':(%-?%d+)$')
  return finish == ENDLESS or tonumber(finish) + REMEMBERED > client_now
end

local function put(budget, tag, value)
  redis.call('HSET', budget.key, tag, value)
  budget.is_changed = true
end

-- Since when everything that a budget spends goes through here: by the calendar of those who ask, and by the server's clock.
local function set_since(budget, calendar, clock)
  budget.since = {calendar = calendar, clock = clock}
  put(budget, 'since', whole(calendar) .. ' ' .. whole(clock) .. ' ' .. doubt)
end

-- Whether a window that begins at `start` began since then: by the calendar, and, as that may have been set forward in between, by the
-- server's clock too.
local function saw_begin(budget, start)
  local since = budget.since
  if not since or since.calendar > start then return false end
  return math.floor((now - since.clock) / 1000) + AGREEMENT >= start - since.calendar
end

-- The ledger was asked.
local function note_since(budget, client_now)
  local since = budget.since
  local was_set_forward = since
    and client_now - since.calendar > math.max(math.floor((now - since.clock) / 1000), 0) + AGREEMENT
  if not since or was_set_forward then set_since(budget, client_now, now) end
end

local function note_settlement(budget, span, purse)
  purse.version, purse.settled = purse.version + 1, now
  put(budget, 'version=' .. span, whole(purse.version))
  put(budget, 'settled=' .. span, whole(now))
end

-- A process died with a call under this budget. It may have settled that call and not said so here: the ledger knows.
local function distrust(budget)
  budget.since = nil
  redis.call('HDEL', budget.key, 'since')
  for span, purse in pairs(budget.purses) do
    if purse.known then
      purse.known = false
      redis.call('HDEL', budget.key, 'known=' .. span)
      note_settlement(budget, span, purse)
    end
  end
end

local function budget_of(scope, edition)
  local key = P .. 'b:' .. edition .. ':' .. scope
  local budget = budgets[key]
  if budget then return budget end
  budget = {key = key, purses = {}}
  budgets[key] = budget
  local function purse(span)
    budget.purses[span] = budget.purses[span] or new_purse()
    return budget.purses[span]
  end
  local died = false
  local raw = redis.call('HGETALL', key)
  for place = 1, #raw, 2 do
    local field, value = raw[place], raw[place + 1]
    local tag, rest = field:match('^(%a+)=(.+)$')
    if field == 'since' then
      local calendar, clock, of = value:match('^(%-?%d+) (%d+) (%d+)$')
      if of == doubt then budget.since = {calendar = tonumber(calendar), clock = tonumber(clock)} end
    elseif field == 'met' then budget.met = tonumber(value)
    elseif tag == 'there' then purse(rest)
    elseif tag == 'known' then purse(rest).known = value == doubt
    elseif tag == 'seeded' then purse(rest).seeded = tonumber(value)
    elseif tag == 'spent' then purse(rest).spent = amount(value)
    elseif tag == 'version' then purse(rest).version = tonumber(value)
    elseif tag == 'settled' then purse(rest).settled = tonumber(value)
    elseif tag == 'held' then
      local span, process = rest:match('^([^|]+)|(.+)$')
      if process == me then purse(span).mine = amount(value)
      elseif lives(process) then
        local of = purse(span)
        of.others = plus(of.others, amount(value))
      else
        redis.call('HDEL', key, field)
        died = died or redis.call('EXISTS', P .. 'r:' .. process) == 0
      end
    end
  end
  if died then distrust(budget) end
  return budget
end

-- Forgets ended windows once there are many. One that was forgotten is asked for again if the clock is set back to it.
local function forget_old(budget, client_now)
  local count = 0
  for _ in pairs(budget.purses) do count = count + 1 end
  if count < MANY then return end
  for span, purse in pairs(budget.purses) do
    local held = plus(purse.mine, purse.others)
    if is_zero(held) and not is_remembered(span, client_now) then
      local finish, since = tonumber(span:match(':(%-?%d+)$')), budget.since
      if since and since.calendar < finish then
        set_since(budget, finish, since.clock + (finish - since.calendar) * 1000)
      end
      redis.call('HDEL', budget.key, 'there=' .. span, 'known=' .. span, 'spent=' .. span, 'version=' .. span,
        'settled=' .. span, 'seeded=' .. span, 'held=' .. span .. '|' .. me)
      budget.purses[span] = nil
    end
  end
end

local function make_known(budget, span, purse)
  purse.known = true
  put(budget, 'known=' .. span, doubt)
end

-- The purse; one of a window that began when its budget already went through here begins with nothing spent.
local function purse_of(budget, span)
  local purse = budget.purses[span]
  if not purse then
    purse = new_purse()
    budget.purses[span] = purse
    put(budget, 'there=' .. span, '1')
    if saw_begin(budget, tonumber(span:match('^(%-?%d+):'))) then make_known(budget, span, purse) end
  end
  return purse
end

-- The purse, if what it has spent is known.
local function known_purse(budget, span, client_now)
  if not budget.purses[span] then forget_old(budget, client_now) end
  local purse = purse_of(budget, span)
  return purse.known and purse or nil
end

-- Why a purse does not give so much more.
local function withheld(purse, limit, more)
  if is_zero(more) then return nil end
  local spent = plus(purse.spent, more)
  if not less(limit, plus(spent, plus(purse.mine, purse.others))) then return nil end
  if not less(limit, spent) then return 'budget_held' end
  return 'budget'
end

local function set_held(budget, span, purse, held)
  purse.mine = held
  local field = 'held=' .. span .. '|' .. me
  if is_zero(held) then
    redis.call('HDEL', budget.key, field)
    budget.is_changed = true
  else put(budget, field, text(held)) end
end

local function hold(budget, span, more)
  local purse = purse_of(budget, span)
  if not is_zero(more) then set_held(budget, span, purse, plus(purse.mine, more)) end
end

local function release(budget, span, held)
  local purse = budget.purses[span]
  if purse and not is_zero(held) then set_held(budget, span, purse, minus(purse.mine, held)) end
end

-- While what was spent is not known, it is noted when something was settled: the ledger will tell it. It has told already what was
-- settled long before it was asked; but a moment that lies ahead, as the clock was set back since, says nothing of before and after.
local function spend(budget, span, cost, age)
  local purse = purse_of(budget, span)
  if purse.known and purse.seeded <= now and now - age + ON_ITS_WAY < purse.seeded then return end
  purse.spent = plus(purse.spent, cost)
  put(budget, 'spent=' .. span, text(purse.spent))
  if not purse.known then note_settlement(budget, span, purse) end
end

local function save_budgets()
  for _, budget in pairs(budgets) do
    if budget.is_changed then redis.call('PEXPIRE', budget.key, FORGOTTEN) end
  end
end
