-- Notes which feed events belong to; of feeds with an event of the same id, the one that was noted last.
-- KEYS: newer and older index.  ARGV: how many to remember, lifetime in ms, the feed, then the ids as JSON.
local fields = {}
for _, id in ipairs(cjson.decode(ARGV[4])) do
  fields[#fields + 1], fields[#fields + 2] = id, ARGV[3]
end
remember_all(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), fields)
return 1
