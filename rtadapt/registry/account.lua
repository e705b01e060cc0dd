-- Who tells how long the events of a version took: of all replicas that ask, the first. It gets the records of the versions
-- up to this one that nobody has told of; the same id gets them again.
-- KEYS: accounted, versions.  ARGV: id, number, what was served before accounts were kept, most versions at once.
local number = tonumber(ARGV[2])
local told = redis.call('HGET', KEYS[1], 'number')
if redis.call('HGET', KEYS[1], 'change') == ARGV[1] then
  told = redis.call('HGET', KEYS[1], 'before')
else
  if tonumber(told or '-1') >= number then
    return {}
  end
  told = told or ARGV[3]
  redis.call('HSET', KEYS[1], 'number', math.max(number, tonumber(told)), 'before', told, 'change', ARGV[1])
end
local found = {}
for each = math.max(tonumber(told), number - tonumber(ARGV[4])) + 1, number do
  local record = redis.call('HGET', KEYS[2], tostring(each))
  if record then
    found[#found + 1] = record
  end
end
return found
