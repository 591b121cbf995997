-- The ledger has learned of something that this store may never have heard of: what every budget spent is asked of it anew.
if is_stranger() then return {'stranger'} end
redis.call('INCR', P .. 'doubt')
redis.call('SET', P .. 'born', whole(now))
return {'doubted'}
