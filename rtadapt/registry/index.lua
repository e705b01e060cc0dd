-- Notes which feed events belong to; of feeds with an event of the same id, the one that was noted last.
-- KEYS: newer and older index.  ARGV: how many to remember, lifetime in ms, the feed, then the id of each.
for i = 4, #ARGV do
  remember(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[i], ARGV[3])
end
return 1
