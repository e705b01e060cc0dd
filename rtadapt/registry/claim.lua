-- Takes a feed over: a new epoch, higher than every one before, makes all earlier owners' commits stale.
-- KEYS: head.  ARGV: owner.  Returns the epoch, or 0 when the feed is not there.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
return redis.call('HINCRBY', KEYS[1], 'epoch', 1)
