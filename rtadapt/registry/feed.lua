-- Makes a feed that is not there: head at version 0, route to version 0. Leaves one that is there as it is.
-- KEYS: head, route, config.  ARGV: config as JSON, or '' to leave it; an incarnation for a new feed.  Returns 1 if it is new.
local new = redis.call('HSETNX', KEYS[1], 'version', '0')
if new == 1 then
  redis.call('HSET', KEYS[1], 'epoch', '0', 'positions', '{}', 'owner', '', 'commit', '', 'incarnation', ARGV[2])
end
if redis.call('HSETNX', KEYS[2], 'stable', '0') == 1 then
  redis.call('HSET', KEYS[2], 'canary', '', 'share', '0', 'follow', '1', 'revision', '0', 'history', '', 'change', '')
end
if ARGV[1] ~= '' then
  redis.call('SET', KEYS[3], ARGV[1])
end
return new
