-- Moves a feed's head: the only commit point. Everything or nothing; all checks come before the first write.
-- KEYS: head, versions, route, trouble, newer and older statuses.
-- ARGV: commit id, epoch, parent, positions as JSON, version record as JSON ('' = rejected, keep the version),
--       version records to keep, the number of the version, the signature of the positions or '', statuses to remember,
--       their lifetime in ms, then id, rank and record of each.
-- Returns {'ok', head version, positions} or {'missing'}, {'stale', epoch}, {'moved', version}, {'behind', partition}.
local head = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'positions', 'commit', 'last')
if not head[1] then
  return {'missing'}
end
-- The client sends a commit again when its answer got lost on the way: it ran, so it is not run twice.
if head[4] == ARGV[1] then
  return {'ok', head[1], head[3]}
end
if head[2] ~= ARGV[2] then
  return {'stale', head[2]}
end
if head[1] ~= ARGV[3] then
  return {'moved', head[1]}
end

local positions = cjson.decode(head[3])
for partition, offset in pairs(cjson.decode(ARGV[4])) do
  if positions[partition] and offset < positions[partition] then
    return {'behind', partition}
  end
  positions[partition] = offset
end
-- Written by hand because cjson writes numbers with 14 digits only, and an empty table as it likes.
local parts = {}
for partition, offset in pairs(positions) do
  parts[#parts + 1] = string.format('"%s":%.0f', partition, offset)
end
table.sort(parts)
local covered = '{' .. table.concat(parts, ',') .. '}'

-- The last number ever given: after a rewind it lies above the version.
local last = tonumber(head[5] or head[1])
local number = tonumber(head[1])
if ARGV[5] ~= '' then
  number = last + 1
  if string.format('%.0f', number) ~= ARGV[7] then
    return {'moved', head[1]}
  end
  last = number
  -- The record covers what the head covers, so the positions go in here: '{...}' becomes '{"positions":{},...}'.
  local record = '{"positions":' .. covered .. ',' .. string.sub(ARGV[5], 2)
  if redis.call('HSETNX', KEYS[2], string.format('%.0f', number), record) == 0 then
    return {'moved', head[1]}
  end
end
local version = string.format('%.0f', number)
redis.call('HSET', KEYS[1], 'version', version, 'last', string.format('%.0f', last), 'positions', covered, 'signed', ARGV[8],
  'commit', ARGV[1])

-- Whatever kept the feed from going on, and whichever worker said so: it goes on.
redis.call('DEL', KEYS[4])
local ids, ranks, records = {}, {}, {}
for at = 11, #ARGV, 3 do
  ids[#ids + 1], ranks[#ranks + 1], records[#records + 1] = ARGV[at], ARGV[at + 1], ARGV[at + 2]
end
note(KEYS[5], KEYS[6], tonumber(ARGV[9]), tonumber(ARGV[10]), ids, ranks, records)

-- Old records go, but never one that the route names.
local keep = tonumber(ARGV[6])
if redis.call('HLEN', KEYS[2]) > keep then
  local named = redis.call('HMGET', KEYS[3], 'stable', 'canary')
  for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    if tonumber(field) <= last - keep and field ~= version and field ~= named[1] and field ~= named[2] then
      redis.call('HDEL', KEYS[2], field)
    end
  end
end
return {'ok', version, covered}
