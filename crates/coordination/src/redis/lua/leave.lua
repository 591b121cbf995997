-- A process ends, and holds nothing any more.
redis.call('SET', P .. 'r:' .. me, '', 'PX', 180000000)
redis.call('ZREM', P .. 'processes', me)
redis.call('DEL', P .. 'a:' .. process)
return {'left'}
