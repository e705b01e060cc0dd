-- Who tells how long the events of a version took: of all replicas that ask, the first. It gets the records of the versions
-- up to this one that nobody has told of; the same id gets them again.
-- KEYS: accounted, versions.  ARGV: id, number, what was served before accounts were kept, most versions at once.
local number = tonumber(ARGV[2])
local told = redis.call('HGET', KEYS[1], 'number')
local before = nil
local recent = {}
for id, from in string.gmatch(redis.call('HGET', KEYS[1], 'calls') or '', '(%S+)=(%S+)') do
  if id == ARGV[1] then
    before = from
  end
  recent[#recent + 1] = id .. '=' .. from
end
if not before then
  if tonumber(told or '-1') >= number then
    return {}
  end
  before = told or ARGV[3]
  recent[#recent + 1] = ARGV[1] .. '=' .. before
  local calls = table.concat(recent, ' ', math.max(1, #recent - 15))
  redis.call('HSET', KEYS[1], 'number', math.max(number, tonumber(before)), 'calls', calls)
end
local found = {}
for each = math.max(tonumber(before), number - tonumber(ARGV[4])) + 1, number do
  local record = redis.call('HGET', KEYS[2], tostring(each))
  if record then
    found[#found + 1] = record
  end
end
return found
