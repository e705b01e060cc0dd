-- Notes from where a log's partition must be read, up to where it was read, and where heads stood there by then: all of it, or
-- none where the registry is not as the caller knows it, because it lost writes or somebody else wrote.
-- KEYS: floors of the log.  ARGV: partition, offset, offset after the last one that was read, how often it had been noted as far as
--       the caller knows, or '' for whatever it is, then feeds, each followed by its place or '' for one that is deleted.
-- Returns how often it has been noted, or -1.
local notes = 'notes ' .. ARGV[1]
if ARGV[4] ~= '' and (redis.call('HGET', KEYS[1], notes) or '0') ~= ARGV[4] then
  return -1
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'read ' .. ARGV[1], ARGV[3])
for at = 5, #ARGV, 2 do
  local head = 'head ' .. ARGV[1] .. ' ' .. ARGV[at]
  if ARGV[at + 1] == '' then
    redis.call('HDEL', KEYS[1], head)
  else
    redis.call('HSET', KEYS[1], head, ARGV[at + 1])
  end
end
return redis.call('HINCRBY', KEYS[1], notes, 1)
