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

-- How long what was settled is on its way to the ledger at most; what is told of in one step of it is told of together.
local rest = number()
local REST_STEP = math.max(math.floor(rest / 16), 1)
-- The counters of which the ledger is to be asked.
local QUESTIONS = P .. 'questions'

-- The number of doubts: with each one, what was known of every budget is known no more.
local doubt = redis.call('GET', P .. 'doubt') or '0'

local budgets = {}

-- Of what a purse spent, the excess may have been counted twice. One that is not known exactly has a life: from when on everything that
-- is settled on it is counted here, how much that was, and what of it was settled lately, by time.
local function new_purse()
  return {spent = ZERO, excess = ZERO, mine = ZERO, others = ZERO, known = false, counted = ZERO, lately = {}}
end

local function is_exact(purse) return purse.known and not purse.life end

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

local function question_of(budget, span) return budget.edition .. ' ' .. span .. ' ' .. budget.scope end

local function new_life(budget, span, purse)
  purse.life = whole(redis.call('HINCRBY', budget.key, 'lives', 1))
  put(budget, 'life=' .. span, purse.life)
end

-- From this moment on it is counted what is settled.
local function question(budget, span, purse, from)
  new_life(budget, span, purse)
  purse.noted, purse.counted, purse.lately = from, ZERO, {}
  put(budget, 'noted=' .. span, whole(from))
  redis.call('HDEL', budget.key, 'counted=' .. span, 'lately=' .. span)
  redis.call('SADD', QUESTIONS, question_of(budget, span))
end

local function life_of(purse) return epoch .. ' ' .. doubt .. ' ' .. purse.life end

-- From when on a purse can be counted: since the doubt, where it was known until then; else only since now, as something may have been
-- settled before of which this store heard nothing.
local function countable_since(purse)
  if not purse.was_known then return now end
  return math.min(tonumber(redis.call('GET', P .. 'doubted') or '') or now, now)
end

local function put_lately(budget, span, purse)
  local kept, texts = {}, {}
  for _, one in ipairs(purse.lately) do
    -- The clock was set back: what lies ahead of it counts as if it had happened now.
    one.at = math.min(one.at, now)
    if one.at > now - rest then
      kept[#kept + 1] = one
      texts[#texts + 1] = whole(one.at) .. ':' .. text(one.amount)
    end
  end
  purse.lately = kept
  put(budget, 'lately=' .. span, table.concat(texts, ' '))
end

-- What was settled in this life so long ago that the ledger has it.
local function sure(budget, span, purse)
  if purse.noted > now then
    purse.noted = now
    put(budget, 'noted=' .. span, whole(now))
  end
  put_lately(budget, span, purse)
  local counted = purse.counted
  for _, one in ipairs(purse.lately) do counted = minus(counted, one.amount) end
  return counted
end

local function count(budget, span, purse, cost)
  if not purse.life then question(budget, span, purse, countable_since(purse)) end
  purse.counted = plus(purse.counted, cost)
  put(budget, 'counted=' .. span, text(purse.counted))
  local newest = purse.lately[#purse.lately]
  if newest and math.floor(newest.at / REST_STEP) == math.floor(now / REST_STEP) then
    newest.at, newest.amount = math.max(newest.at, now), plus(newest.amount, cost)
  else purse.lately[#purse.lately + 1] = {at = now, amount = cost} end
  put_lately(budget, span, purse)
end

-- A process died with a call under this budget. It may have settled that call and not said so here: the ledger knows.
local function distrust(budget)
  budget.since = nil
  redis.call('HDEL', budget.key, 'since')
  for span, purse in pairs(budget.purses) do
    if purse.known then
      redis.call('HDEL', budget.key, 'known=' .. span)
      if purse.life then new_life(budget, span, purse) else question(budget, span, purse, now) end
      purse.known = false
    end
  end
end

local function budget_of(scope, edition)
  local key = P .. 'b:' .. edition .. ':' .. scope
  local budget = budgets[key]
  if budget then return budget end
  budget = {key = key, scope = scope, edition = edition, purses = {}}
  budgets[key] = budget
  local function purse(span)
    budget.purses[span] = budget.purses[span] or new_purse()
    return budget.purses[span]
  end
  local died = false
  local raw = redis.call('HGETALL', key)
  for place = 1, #raw, 2 do
    local field, value = raw[place], raw[place + 1]
    local tag, place_of = field:match('^(%a+)=(.+)$')
    if field == 'since' then
      local calendar, clock, of = value:match('^(%-?%d+) (%d+) (%d+)$')
      if of == doubt then budget.since = {calendar = tonumber(calendar), clock = tonumber(clock)} end
    elseif tag == 'there' then purse(place_of)
    elseif tag == 'known' then purse(place_of).known, purse(place_of).was_known = value == doubt, true
    elseif tag == 'spent' then purse(place_of).spent = amount(value)
    elseif tag == 'excess' then purse(place_of).excess = amount(value)
    elseif tag == 'seeded' then purse(place_of).seeded = tonumber(value)
    elseif tag == 'life' then purse(place_of).life = value
    elseif tag == 'noted' then purse(place_of).noted = tonumber(value)
    elseif tag == 'counted' then purse(place_of).counted = amount(value)
    elseif tag == 'lately' then
      local lately = purse(place_of).lately
      for at, settled in value:gmatch('(%d+):(%d+)') do
        lately[#lately + 1] = {at = tonumber(at), amount = amount(settled)}
      end
    elseif tag == 'held' then
      local span, process = place_of:match('^([^|]+)|(.+)$')
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
      redis.call('HDEL', budget.key, 'there=' .. span, 'known=' .. span, 'spent=' .. span, 'excess=' .. span, 'seeded=' .. span, 'life=' .. span,
        'noted=' .. span, 'counted=' .. span, 'lately=' .. span, 'held=' .. span .. '|' .. me)
      redis.call('SREM', QUESTIONS, question_of(budget, span))
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

-- Charges a purse. What was given to a journal before the ledger's answer was believed may be part of that answer: then no more is known
-- than the most that was spent.
local function spend(budget, span, cost, age)
  local purse = purse_of(budget, span)
  purse.spent = plus(purse.spent, cost)
  put(budget, 'spent=' .. span, text(purse.spent))
  local is_late = purse.seeded and now - age < purse.seeded + math.floor(rest / 16)
  if is_late then
    purse.excess = plus(purse.excess, cost)
    put(budget, 'excess=' .. span, text(purse.excess))
    if purse.known and not purse.life then question(budget, span, purse, now) end
  end
  if not is_exact(purse) then count(budget, span, purse, cost) end
end

local function save_budgets()
  for _, budget in pairs(budgets) do
    if budget.is_changed then redis.call('PEXPIRE', budget.key, FORGOTTEN) end
  end
end
