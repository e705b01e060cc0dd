"""Verbs with their objects, and the things, times, reasons and second sentences around them, for free sentences; data only.

A verb is one word when it is regular, three (base, past, participle) when it is not; `_` stands for a space.
"""

from __future__ import annotations

from rtadapt.bundled.lists import blocks, items, lines, words

VERBS = blocks("""
building:
    examine damage vandalise measure modernise empty convert enlarge occupy choose,chose,chosen survey mention
    sketch surround register list illuminate ventilate insulate equip,equipped,equipped secure transform unlock
    open close reopen renovate restore repair paint extend demolish inspect clean rename visit rent lease heat fund
    rebuild,rebuilt,rebuilt redesign decorate evacuate sell,sold,sold buy,bought,bought shut,shut,shut design
    tear_down,tore_down,torn_down take_over,took_over,taken_over expand insure photograph search guard upgrade
institution:
    contact blame mention punish honour promote defend threaten trust attack assist supervise follow challenge
    evaluate absorb register relocate endorse monitor reward copy nominate welcome notify split,split,split
    buy,bought,bought sell,sold,sold acquire join leave,left,left sue sponsor visit manage fine praise criticise
    support rescue advise fund thank inspect back warn audit shut_down,shut_down,shut_down save close expand
    take_over,took_over,taken_over merge_with represent supply investigate chair lead,led,led look_after help
person:
    blame punish mention follow assist defend describe threaten trust attack challenge help admire contact reward
    remember insult console supervise photograph pardon hug identify notify deport kidnap cure adopt
    teach,taught,taught send_home,sent_home,sent_home let_go,let_go,let_go see,saw,seen choose,chose,chosen
    hire appoint elect sign fire dismiss promote replace suspend interview thank invite arrest honour praise welcome
    choose,chose,chosen select beat,beat,beaten defeat rescue marry meet,met,met train nominate recruit ban release
    warn accuse treat visit question sack find,found,found examine succeed
product:
    mention upgrade copy market describe advertise promote lend,lent,lent redesign examine certify modify recommend
    assemble adapt export import steal,stole,stolen criticise finish simplify convert rate reward
    bring_back,brought_back,brought_back
    launch recall test withdraw,withdrew,withdrawn update redesign sell,sold,sold ship present unveil announce
    discontinue repair invent develop improve order patent review certify introduce demonstrate drop replace show,showed,shown
work:
    mention review criticise donate auction adapt dedicate copy discover illustrate praise remove ban burn
    choose,chose,chosen recommend sell,sold,sold rehearse sketch reprint return lose,lost,lost rewrite,rewrote,rewritten
    write,wrote,written publish paint record direct finish translate buy,bought,bought exhibit steal,stole,stolen
    film perform read,read,read sign restore photograph edit find,found,found complete rewrite,rewrote,rewritten
    cut,cut,cut sing,sang,sung
plan:
    criticise defend explain mention request sign extend publish challenge enforce suspend question confirm revise
    repeal debate reconsider abandon finance examine choose,chose,chosen resist welcome favour veto,vetoed,vetoed draft
    approve reject announce propose discuss support cancel postpone delay oppose adopt introduce consider block scrap
    vote_for order fund drop present pass prepare plan demand promise accept recommend test review
event:
    skip,skipped,skipped leave,left,left mention photograph review describe document support boycott finance
    supervise complete record broadcast,broadcast,broadcast enjoy restart shorten lose,lost,lost stage
    win,won,won organise cancel postpone host attend lead,led,led sponsor open enter miss plan celebrate judge watch
    film begin,began,begun launch prepare interrupt finish
people:
    warn question examine count advise transfer assist arrest meet,met,met select register release
    hire train fire invite rescue vaccinate feed,fed,fed house evacuate support lay_off,laid_off,laid_off recruit
    teach,taught,taught treat thank welcome interview pay,paid,paid employ send_home,sent_home,sent_home
goods:
    paint test design unload hide,hid,hidden empty clean assemble register polish pack examine label distribute
    auction rent borrow exchange carry store measure sort,sorted,sorted
    plant buy,bought,bought sell,sold,sold order donate deliver repair replace collect give_away,gave_away,given_away
    lose,lost,lost find,found,found add import export ship destroy recycle install remove steal,stole,stolen count
    lend,lent,lent make,made,made bring,brought,brought test
money:
    raise donate invest spend,spent,spent save borrow collect earn pay,paid,paid lose,lost,lost contribute offer
""")
"""By what they are done to."""

INTRANSITIVE = blocks("""
building:
    open reopen close burn_down flood collapse
event:
    start begin,began,begun end return finish
person:
    retire resign arrive return speak,spoke,spoken perform graduate move leave,left,left withdraw,withdrew,withdrawn
    sing,sang,sung play lecture swim,swam,swum compete vanish
scheme:
    begin,began,begun start end expire stop continue fail resume take_effect,took_effect,taken_effect
ride:
    leave,left,left depart arrive run,ran,run stop return restart start
""")
"""By who or what does it."""

DOUBLING = frozenset(words("ban plan win run cut shut stop drop ship begin scrap swim refer let sit get set"))
"""Verbs that double their last letter before -ed and -ing."""

BUILDINGS = items("""
    library, swimming pool, town hall, market hall, bakery, museum, ferry terminal, post office, playground, ice rink,
    cinema, bridge, tram depot, car park, clinic, school, theatre, railway station, gym, bookshop, cafe, sports hall,
    tunnel, zoo, fountain, workshop, food bank, lighthouse, castle, fire station, police station, hotel, hospital,
    warehouse, factory, shopping centre, footbridge, cycle path, bus station, nursery, youth club, chapel, mill,
    plant, ski lift, tennis court, laboratory, kitchen, office block, tower, prison, court house, barn, greenhouse, arcade,
    crossing, underpass, weighbridge, sawmill, brewery, tannery, hostel, kindergarten, boathouse, water tower, jetty,
    monument, dam, quay wall, nursing home, recycling centre, data centre, stable, cemetery, roundabout, planetarium,
    restaurant, pub, airport terminal, concert hall, skate park, petrol station, supermarket, windmill, archive
""")
BUILDING_ADJECTIVES = items("""
    old, former, main, public, central, wooden, historic, famous, small, largest, oldest, empty, damaged, stone
""")
NEW = items("new, second, larger, modern, new, new, temporary, smaller, third, new")
INSTITUTIONS = items("""
    Bakery, Museum, Theatre, Hospital, Library, Hotel, Choir, Brewery, Clinic, Farm, Inn, College, Gallery, Zoo,
    Orchestra, Observatory, Dairy, Foundation, Trust, Vineyard, Cinema, Cafe, Bookshop, Garage, Shipyard, Quarry,
    Dental Practice, Pharmacy, Laundry, Circus, Ballet, School, Garden Centre, Sailing Club, Bank, Grill, Press
""")
STREETS = items("""
    Street, Lane, Road, Avenue, Square, Hill, Row, Quay, Gate, Terrace
""")
STREET_NAMES = items("""
    Church, Station, Bridge, Park, Queen, King, Market, High, Garden, River, School, Castle, Forest, Bell, North, South,
    Victoria, Abbey, Orchard, Canal, Hill, Meadow
""")
PLANS = items("""
    a new bus line to the {place}, a ban on {stuff}, a plan to rebuild the {b}, a new {b}, higher fees for {stuff}, a tax
    on {stuff}, a cycle lane along {street}, a larger {b}, the budget for {year}, a strike, a new timetable, free entry
    to the {b}, a night bus to {town}, a twin town deal with {town}, a curfew for {stuff}, a new law on {stuff}, a grant
    for the {b}, a merger with {company}, a hiring freeze, a four-day week, a shorter route to {town}, a pay rise of
    {percent}, a new logo, a second runway, speed limits on {street}, a wind farm near {town}, a rail link to {town}, a
    reform of {stuff}, cheaper tickets for {who}, free lunches for {who}, a fund for {who}, new rules for {stuff}
""")
STUFF = items("""
    plastic bags, parking, fireworks, scooters, drones, diesel cars, old boats, school meals, short flights, taxis,
    cigarettes, alcohol, garden waste, tourist buses, loud music, glass bottles, old phones, rats, wolves, beetles,
    mushrooms, coffee, tea, bread, milk, cheese, fish, eggs, meat, salt, gold, timber, coal, gas, water, electricity, rain,
    sleep, stamps, coins, trains, planes, ships, bridges, castles, horses, bees, birds, butterflies, flowers, mountains,
    rivers, the moon, the sea, winter, school uniforms, homework, exams, loans, rents, pensions, wages, taxes, insurance,
    billboards, street music, holiday homes, pets, night flights, delivery vans, sugar, campfires, open fires, cars
""")
WHO = items("students, pensioners, children, families, nurses, visitors, new parents, apprentices, small firms, farmers")
PLACES = items("airport, harbour, hospital, university, stadium, beach, old town, zoo, castle, lake, ski area, fairground")
PEOPLE = items("""
    scientists, farmers, fishermen, pilots, doctors, police officers, firefighters, soldiers, miners, bakers, artists,
    dancers, actors, singers, writers, reporters, lawyers, judges, clerks, waiters, porters, gardeners, fans, members,
    patients, prisoners, customers, shoppers, passengers, cyclists, climbers, runners, swimmers, owners, tenants, voters,
    neighbours, orphans, pensioners, families, women, men, trainees, interns, managers, dentists, vets, welders, tailors,
    workers, engineers, nurses, drivers, teachers, volunteers, apprentices, guests, children, residents, sailors,
    musicians, students, players, programmers, cooks, hikers, refugees, tourists, employees, guards, cleaners
""")
GOODS = items("""
    cups, plates, knives, lamps, pens, pencils, notebooks, newspapers, letters, stamps, keys, locks, doors, fences, pipes,
    cables, wheels, tyres, engines, pumps, phones, tablets, screens, speakers, radios, pianos, violins, drums, guitars,
    apples, pears, cakes, pies, loaves, pizzas, burgers, pumpkins, eggs, chickens, cows, goats, pigs, horses, dogs, cats,
    shirts, shoes, boots, hats, gloves, jackets, uniforms, flags, candles, carpets, curtains, mirrors, ladders, hammers,
    trees, bicycles, boats, buses, laptops, books, beds, chairs, windows, computers, tents, meals, roses, benches,
    solar panels, street lamps, tickets, instruments, bottles, parcels, lorries, houses, sheep, bikes, cameras, trams,
    blankets, bins, coats, paintings, maps, masks, traffic lights, toys
""")
WORKS = items("""
    novel, film, song, painting, poem, play, album, short story, cookbook, opera, documentary, musical, biography,
    mural, sculpture, comic, essay, children's book, symphony
""")
DEVICES = items("""
    lamp, phone, bicycle, tent, printer, kettle, scooter, watch, camera, radio, stove, drill, tablet, heater, speaker,
    mower, drone, blender, router, keyboard, car, tractor, toaster, backpack, headset, game, robot, app
""")
RACES = items("Marathon, Cup, Prize, Regatta, Chess Open, Half Marathon, Rally, Trophy, Song Contest, Quiz, Relay, Derby")
JOBS = items("""
    receptionist, head chef, goalkeeper, manager, director, baker, gardener, pilot, judge, nurse, teacher, designer,
    striker, drummer, vet, librarian, accountant, carpenter, conductor, chief engineer, midfielder, headteacher, guide,
    captain, coach, curator, dentist, organist, postman, lawyer, translator, defender, lifeguard, cook, plumber, tutor,
    press officer, chairwoman, sales manager, physiotherapist, sheriff, harbour master, editor, treasurer
""")
PAST_TIMES = items("""
    last week, yesterday, last month, last year, last night, this morning, two days ago, a year ago, last Friday, last
    summer, earlier this week, on {day}, on {day}, in {month}, in {year}, on {date}, on {date}, in {month} {past}, last autumn
""")
FUTURE_TIMES = items("""
    next week, tomorrow, next month, next year, on {day}, on {day}, in {month}, in {month}, in {month} {year}, in {year},
    on {date}, on {date}, from {month}, later this year, next spring, before the end of {month}, in two weeks, tonight
""")
CLOCK_TIMES = items("at {clock}, every {day}, on {day}, in {month}, at noon, at midnight, every morning, on {date}")
REASONS = items("""
    a broken pipe, heavy snow, a power cut, a strike, roadworks, a gas leak, strong winds, a software error, flooding,
    low stocks, a fire drill, bad weather, a late delivery, high costs, falling sales, a lack of staff, a leaking roof, a
    landslide, a court order, an injury, a technical fault, rising rents, a shortage of parts, safety concerns, illness,
    a family matter, poor results, ice on the tracks, a burst water main, the heat, a data leak, a legal dispute, noise
    complaints, a missing permit, a cracked wall, low demand, a wasps' nest, fog, a faulty battery, a typing error
""")
PURPOSES = items("""
    to save money, to make room for a {b}, to cut costs, to attract more visitors, to protect the river, to reduce noise,
    to help {who}, to mark its birthday, to save energy, to raise money for the {b}, to meet demand, to make the roads
    safer, to fill a gap in the budget, to improve safety, to fight the drought, to shorten waiting times
""")
SPANS = items("""
    {few} weeks, {few} months, {few} days, {few} years, {small} minutes, {small} hours, {small} days, a year, six weeks,
    two hours, half an hour, a month, three nights, {few} hours
""")
DOING = lines("""
    keep all {few} {goods}
    keep the old {b}
    stay in {town}
    move to {town}
    write a book about {stuff}
    open a second {b} in {town}
    hire {n} {people}
    sell the {b}
    give {amount} to the {b}
    train young {people}
    paint the {b} {colour}
    run for mayor of {town}
    lower the prices
    repair the roof first
    travel to {town} by train
    study law in {town}
    extend the opening hours
    buy a house near {town}
    build a {b} next door
    return to {town} in {month}
    teach {people} how to cook
    turn it into a {b}
    spend the money on {goods}
    add {n} {goods}
    close the shop on Sundays
    learn to sail
    share the prize with the team
    wait until {day}
    take a break until {month}
    fight the decision in court
    ask for a new vote
    build {n} flats on the site
    plant {n} {goods} along {street}
    cut {n} jobs
    double the number of {people}
    move the office to {town}
    start a school for {people}
    give up {stuff}
    sing at the {b} in {town}
    cook for {n} {people}
    pay back {amount}
    change the name of the {b}
    rest for {few} weeks
    compete in {town} next
    put the money into {stuff}
    sail around the world
    cross the lake on foot
    protect {stuff}
    read more about {stuff}
""")
WISHES = items("plans, wants, hopes, intends, has agreed, has promised, expects, has offered, has decided, would like")
SUBJECTS = blocks("""
council:
    The city council of {T}
    The town council of {T}
    The council of {T}
    The government of {T}
    The mayor of {T}
    The parliament of {T}
    The voters of {T}
    The port authority of {T}
    The police in {T}
group:
    Residents of {T}
    Scientists at {E}
    Workers at {E}
    Engineers at {C}
    Students of {E}
    Fans of {L}
    Parents in {T}
    Shop owners in {T}
    Two brothers from {T}
    Volunteers from {T}
    Researchers at {C}
    Neighbours of {E}
    Lawyers for {C}
    Thieves in {T}
    Nurses at {E}
    Supporters of {P}
firm:
    The board of {E}
    The owner of {E}
    The managers of {E}
    The members of {E}
    The staff of {E}
""")
COLOURS = items("red, blue, green, yellow, white, black, purple, orange, grey, dark green, light blue, pink")
