-- Some of the counters of which the ledger is to be asked.
return {'questions', redis.call('SRANDMEMBER', P .. 'questions', number())}
