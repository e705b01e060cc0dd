-- Notes which feed events belong to; of feeds with an event of the same id, the one that was noted last.
-- KEYS: newer and older index.  ARGV: how many to remember, lifetime in ms, feeds, each with its ids, as JSON.
local fields = {}
for _, one in ipairs(cjson.decode(ARGV[3])) do
  for _, id in ipairs(one[2]) do
    fields[#fields + 1], fields[#fields + 2] = id, one[1]
  end
end
remember_all(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), fields)
return 1
