-- Marks versions whose adapters may be removed, so that no route can be moved to them any more.
-- KEYS: head, versions, route, retired.  ARGV: how many of the newest stay.
-- Returns the records of the versions that stay: the newest, and those that the route names.
local head = redis.call('HGET', KEYS[1], 'version')
if not head then
  return {}
end
local named = redis.call('HMGET', KEYS[3], 'stable', 'canary')
local kept = {}
local fields = redis.call('HGETALL', KEYS[2])
for i = 1, #fields, 2 do
  local number = fields[i]
  local recent = tonumber(number) > tonumber(head) - tonumber(ARGV[1])
  if redis.call('SISMEMBER', KEYS[4], number) == 0 then
    if recent or number == named[1] or number == named[2] then
      kept[#kept + 1] = number
      kept[#kept + 1] = fields[i + 1]
    else
      redis.call('SADD', KEYS[4], number)
    end
  end
end
-- What has no record needs no mark: nothing without a record can be routed to.
for _, number in ipairs(redis.call('SMEMBERS', KEYS[4])) do
  if redis.call('HEXISTS', KEYS[2], number) == 0 then
    redis.call('SREM', KEYS[4], number)
  end
end
return kept
