-- Named requests. A name is a hash of its own. What a caller has stands in two sorted sets of theirs, from the oldest: the names that are
-- finished, and those whose answer is kept, with its size. Three more have the callers: by how many names and bytes are theirs, and by
-- when their oldest name was finished. So it is found at once whose room is to be taken where a bound is reached: that of whoever has
-- most of it, so that nobody makes another's be forgotten.
local verb, name, claim = arg(), arg(), arg()
local key = P .. 'n:' .. name
local entry = redis.call('HMGET', key, 'content', 'claim', 'state', 'until')
local is_there = entry[1] and now < tonumber(entry[4])
local is_mine = entry[1] and entry[2] == claim

if verb == 'claim' then
  local content, claimed_for = arg(), number()
  if is_there then
    if entry[1] ~= content then return {'different'} end
    -- Asked once more, because the answer was lost.
    if is_mine and entry[3] == 'in_flight' then return {'claimed'} end
    if entry[3] == 'answered' then return {'answered', redis.call('HGET', key, 'answer')} end
    return {entry[3]}
  end
  redis.call('DEL', key)
  redis.call('HSET', key, 'content', content, 'claim', claim, 'state', 'in_flight', 'until', whole(now + claimed_for))
  redis.call('PEXPIRE', key, math.ceil(claimed_for / 1000))
  return {'claimed'}
end

if not is_mine or entry[3] ~= 'in_flight' then return {'passed_over'} end
if verb == 'give_back' then
  redis.call('DEL', key)
  return {'given_back'}
end

local kept_for, most_bytes, most_names, state, caller, answer = number(), number(), number(), arg(), arg(), arg()
local NAMES, BYTES, OLDEST, ALL = P .. 'callers_names', P .. 'callers_bytes', P .. 'callers_oldest', P .. 'named'
-- The most that one run forgets because it is over; the next one goes on.
local AT_ONCE = 1000
local function names_of(caller) return P .. 'cn:' .. caller end
local function answers_of(caller) return P .. 'ca:' .. caller end

-- A caller has so much more, or less, of names or bytes.
local function weigh(callers, what, caller, more)
  if more == 0 then return end
  redis.call('HINCRBY', ALL, what, whole(more))
  if tonumber(redis.call('ZINCRBY', callers, whole(more), caller)) <= 0 then redis.call('ZREM', callers, caller) end
end
local function drop_answer(caller, member)
  if redis.call('ZREM', answers_of(caller), member) == 1 then
    weigh(BYTES, 'bytes', caller, -tonumber(member:match(':(%d+)$')))
  end
end
local function note_oldest(caller)
  local oldest = redis.call('ZRANGE', names_of(caller), 0, 0, 'WITHSCORES')
  if oldest[2] then redis.call('ZADD', OLDEST, oldest[2], caller)
  else redis.call('ZREM', OLDEST, caller) end
end

redis.call('HSET', key, 'state', state, 'until', whole(now + kept_for))
redis.call('PEXPIRE', key, math.ceil(kept_for / 1000))
weigh(NAMES, 'names', caller, redis.call('ZADD', names_of(caller), whole(now), name))
if state == 'answered' then
  redis.call('HSET', key, 'answer', answer)
  local added = redis.call('ZADD', answers_of(caller), whole(now), name .. ':' .. whole(#answer))
  weigh(BYTES, 'bytes', caller, added * #answer)
end
note_oldest(caller)

-- What is over.
local over = whole(now - kept_for)
for _, caller in ipairs(redis.call('ZRANGEBYSCORE', OLDEST, '-inf', over, 'LIMIT', 0, AT_ONCE)) do
  local answers = redis.call('ZRANGEBYSCORE', answers_of(caller), '-inf', over, 'LIMIT', 0, AT_ONCE)
  for _, member in ipairs(answers) do drop_answer(caller, member) end
  if #answers < AT_ONCE then
    AT_ONCE = AT_ONCE - #answers
    local old = redis.call('ZRANGEBYSCORE', names_of(caller), '-inf', over, 'LIMIT', 0, AT_ONCE)
    for _, one in ipairs(old) do redis.call('ZREM', names_of(caller), one) end
    weigh(NAMES, 'names', caller, -#old)
    note_oldest(caller)
    if #old == AT_ONCE then break end
    AT_ONCE = AT_ONCE - #old
  else break end
end

-- Whoever has most, and the oldest of that; what is not there is on no list any longer.
local function oldest_of_fullest(callers, what, list_of)
  local caller = redis.call('ZREVRANGE', callers, 0, 0)[1]
  if not caller then
    redis.call('HDEL', ALL, what)
    return nil
  end
  local oldest = redis.call('ZRANGE', list_of(caller), 0, 0, 'WITHSCORES')
  if not oldest[1] then redis.call('ZREM', callers, caller) end
  return caller, oldest[1], oldest[2]
end
local function have(what) return tonumber(redis.call('HGET', ALL, what) or '0') end
-- Whether a name still is what it was when it came onto its list.
local function is_same(key, since) return redis.call('HGET', key, 'until') == whole(tonumber(since) + kept_for) end

-- An answer is forgotten before its name, which then says that the request was carried out and no more.
while have('bytes') > most_bytes do
  local caller, oldest, since = oldest_of_fullest(BYTES, 'bytes', answers_of)
  if oldest then
    drop_answer(caller, oldest)
    local of = P .. 'n:' .. oldest:match('^[^:]+')
    if is_same(of, since) then
      redis.call('HSET', of, 'state', 'spent')
      redis.call('HDEL', of, 'answer')
    end
  end
end
while have('names') > most_names do
  local caller, oldest, since = oldest_of_fullest(NAMES, 'names', names_of)
  if oldest then
    redis.call('ZREM', names_of(caller), oldest)
    weigh(NAMES, 'names', caller, -1)
    local of = P .. 'n:' .. oldest
    if is_same(of, since) then
      drop_answer(caller, oldest .. ':' .. whole(redis.call('HSTRLEN', of, 'answer')))
      redis.call('DEL', of)
    end
    note_oldest(caller)
  end
end
return {'finished'}
