-- What all scripts begin with. KEYS[1] is the prefix of every key. The first arguments are the same everywhere: the time (empty, but
-- for tests: then the server's), the name of the process that asks, and the epoch that it knows.
local P = KEYS[1]
local at = 0
local function arg() at = at + 1; return ARGV[at] end
local function number() return tonumber(arg()) end
local function flag() return arg() == '1' end

-- Microseconds. Limits of a minute go by the one, those of a day by the other; they differ in tests only.
local now, today = arg(), arg()
if now == '' then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  today = now
else
  now, today = tonumber(now), tonumber(today)
end
-- A process takes a new name whenever it comes back: what its older names hold counts no more.
local me, epoch = arg(), arg()
local process = me:match('^[^.]+')

-- A process lives as long as its lease. What a dead one holds does not count.
local living = {}
local function lives(process)
  if living[process] == nil then
    local lease = redis.call('ZSCORE', P .. 'processes', process)
    living[process] = lease ~= false and tonumber(lease) > now
  end
  return living[process]
end

-- Whoever is not known here (or knows another epoch, since all was lost) introduces itself first.
local function is_stranger()
  return redis.call('GET', P .. 'epoch') ~= epoch or not lives(me)
end

local function whole(n) return string.format('%.0f', n) end

-- Amounts may be larger than a double counts exactly: they are two numbers, of which the lower has twelve digits.
local BASE = 1000000000000
local ZERO = {0, 0}
local function amount(text)
  local digits = #text
  if digits <= 12 then return {0, tonumber(text)} end
  return {tonumber(text:sub(1, digits - 12)), tonumber(text:sub(digits - 11))}
end
local function text(a)
  if a[1] == 0 then return whole(a[2]) end
  return whole(a[1]) .. string.format('%012.0f', a[2])
end
local function less(a, b)
  return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
end
local function plus(a, b)
  local high, low = a[1] + b[1], a[2] + b[2]
  if low >= BASE then high, low = high + 1, low - BASE end
  return {high, low}
end
-- Never less than nothing.
local function minus(a, b)
  if less(a, b) then return ZERO end
  local high, low = a[1] - b[1], a[2] - b[2]
  if low < 0 then high, low = high - 1, low + BASE end
  return {high, low}
end
local function least(a, b)
  if less(a, b) then return a end
  return b
end
local function is_zero(a) return a[1] == 0 and a[2] == 0 end
