-- Takes back what a feed has learned since a version: moves the head to it, and the route where it names what is abandoned.
-- Positions stay, numbers are never used again, and a new epoch fences the update that is under way.
-- KEYS: head, versions, route, retired, stateless, again, newer and older statuses.
-- ARGV: change id, target, the head's version and last number as the caller read them, all ranges that are abandoned then,
--       what is to be learned again as JSON or '', then the ids of the events that are unlearned.
-- Returns {'ok'} or {'missing'}, {'moved'}, {'unknown'}, {'retired'}, {'stateless'}.
local head = redis.call('HMGET', KEYS[1], 'version', 'last', 'rewind')
if not head[1] then
  return {'missing'}
end
-- Sent again because the answer got lost: it ran.
if head[3] == ARGV[1] then
  return {'ok'}
end
if head[1] ~= ARGV[3] or (head[2] or head[1]) ~= ARGV[4] then
  return {'moved'}
end
local target, last = tonumber(ARGV[2]), tonumber(ARGV[4])
if target > 0 then
  if redis.call('SISMEMBER', KEYS[4], ARGV[2]) == 1 then
    return {'retired'}
  elseif redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then
    return {'unknown'}
  elseif redis.call('SISMEMBER', KEYS[5], ARGV[2]) == 1 then
    return {'stateless'}
  end
end

redis.call('HSET', KEYS[1], 'version', ARGV[2], 'last', ARGV[4], 'abandoned', ARGV[5], 'owner', '', 'rewind', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'epoch', 1)
for _, number in ipairs(redis.call('HKEYS', KEYS[2])) do
  if tonumber(number) > target then
    redis.call('SADD', KEYS[4], number)
  end
end

-- A route that is at an older version stays there: nobody has asked for another one.
local route = redis.call('HMGET', KEYS[3], 'stable', 'canary')
local stable_goes = tonumber(route[1]) > target
local canary_goes = route[2] ~= '' and tonumber(route[2]) > target
if stable_goes then
  redis.call('HSET', KEYS[3], 'stable', ARGV[2])
end
if canary_goes or (stable_goes and route[2] == ARGV[2]) then
  redis.call('HSET', KEYS[3], 'canary', '', 'share', '0', 'begun', '', 'shadow', '', 'decide', '')
end
if stable_goes or canary_goes then
  redis.call('HINCRBY', KEYS[3], 'revision', 1)
end

if ARGV[6] ~= '' then
  redis.call('RPUSH', KEYS[6], ARGV[6])
end
-- Below every other state, so that whatever becomes of the event next shows. One that an earlier version learned too stays.
for i = 7, #ARGV do
  local statuses = redis.call('HEXISTS', KEYS[7], ARGV[i]) == 1 and KEYS[7] or KEYS[8]
  local status = redis.call('HGET', statuses, ARGV[i])
  local rank, record = string.match(status or '', '^(%S+) (.*)$')
  if rank and tonumber(rank) - 3 > target then
    redis.call('HSET', statuses, ARGV[i], '-1 ' .. string.gsub(record, '^{"state":"learned"', '{"state":"unlearned"', 1))
  end
end
return {'ok'}
