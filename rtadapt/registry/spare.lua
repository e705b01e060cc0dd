-- Puts one entry of what is to be learned again in the place of another, if that is still there.
-- KEYS: again.  ARGV: the entry, what takes its place.
if redis.call('LINSERT', KEYS[1], 'BEFORE', ARGV[1], ARGV[2]) > 0 then
  redis.call('LREM', KEYS[1], 1, ARGV[1])
end
return 1
