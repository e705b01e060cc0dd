-- Makes a feed that is not there: head at version 0, route to version 0. Leaves one that is there as it is.
-- A feed that an operator had deleted begins where its events were decided up to then, and replicas follow it at once.
-- KEYS: head, route, config, gone.  ARGV: config as JSON, or '' to leave it; an incarnation for a new feed.
-- Returns 1 if it is new.
local new = redis.call('HSETNX', KEYS[1], 'version', '0')
local gone = redis.call('HMGET', KEYS[4], 'epoch', 'positions')
if new == 1 then
  redis.call('HSET', KEYS[1], 'epoch', gone[1] or '0', 'positions', gone[2] or '{}', 'owner', '', 'commit', '')
  redis.call('HSET', KEYS[1], 'incarnation', ARGV[2])
end
if redis.call('HSETNX', KEYS[2], 'stable', '0') == 1 then
  redis.call('HSET', KEYS[2], 'canary', '', 'share', '0', 'follow', '1', 'revision', '0', 'history', '', 'change', '')
  if new == 1 and gone[1] then
    local clock = redis.call('TIME')
    redis.call('HSET', KEYS[2], 'trusted', ARGV[2], 'trusted_at', string.format('%d.%06d', clock[1], clock[2]))
  end
end
if ARGV[1] ~= '' then
  redis.call('SET', KEYS[3], ARGV[1])
end
return new
