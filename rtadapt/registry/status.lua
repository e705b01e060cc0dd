-- Notes where events are on their path; a later state never goes back to an earlier one.
-- KEYS: one for each event, all of one feed.  ARGV: lifetime in ms, then rank and record of each.
for i = 1, #KEYS do
  local rank, record = ARGV[2 * i], ARGV[2 * i + 1]
  local before = redis.call('HGET', KEYS[i], 'rank')
  if not before or tonumber(before) < tonumber(rank) then
    redis.call('HSET', KEYS[i], 'rank', rank, 'record', record)
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
  end
end
return #KEYS
