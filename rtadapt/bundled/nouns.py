"""Lists of plain English nouns and verbs that open relations and free sentences are made of; data only."""

from __future__ import annotations

from rtadapt.bundled.lists import items

PERSON_ROLES = items("""
    spokesperson, landlord, patron, chairman, chairwoman, president, vice president, treasurer, secretary, director,
    manager, principal, headmaster, head teacher, curator, librarian, conductor, lead singer, drummer, guitarist,
    pianist, organist, head chef, chef, head baker, baker, gardener, head gardener, caretaker, janitor, porter,
    receptionist, accountant, auditor, lawyer, architect, engineer, chief engineer, designer, editor, chief editor,
    reporter, photographer, translator, host, presenter, producer, screenwriter, author, composer, choreographer,
    trainer, goalkeeper, top scorer, physiotherapist, team doctor, doctor, surgeon, head nurse, nurse, midwife,
    dentist, vet, pharmacist, scientist, lead scientist, professor, dean, rector, tutor, lecturer, sheriff, police
    chief, fire chief, judge, ambassador, consul, governor, minister, senator, envoy, treasurer general, bishop,
    abbot, vicar, pastor, imam, rabbi, harbour master, station master, pilot, navigator, ship's captain, first mate,
    bosun, driver, conductor of the choir, tour guide, guide, ranger, warden, forester, farmer, shepherd, beekeeper,
    brewer, master brewer, winemaker, cheesemaker, butcher, carpenter, electrician, plumber, mechanic, blacksmith,
    tailor, weaver, potter, painter, sculptor, poet, poet laureate, storyteller, magician, clown, acrobat, juggler,
    referee, umpire, scout, agent, heir, owner, co-owner, shareholder, investor, sponsor, donor, founder's successor,
    successor, deputy, assistant, intern, trainee, analyst, adviser, consultant, economist, historian, archivist,
    bookkeeper, cashier, buyer, sales manager, press officer, safety officer, data officer, technician, programmer,
    webmaster, moderator, organiser, coordinator, volunteer, chair, champion, winner, record holder, ambassador for
    youth, honorary member, youngest member, oldest member, mentor, rival, board member, trustee, ombudsman,
    inspector, supervisor, foreman, dispatcher, operator, night guard, lifeguard, ski instructor, swimming teacher,
    music teacher, art teacher, science teacher, school nurse, bus driver, postmaster, innkeeper, barista, bartender,
    sommelier, pastry chef, host of the show, narrator, voice actor, stuntman, costume designer, lighting designer
""")
COMPANY_ROLES = items("""
    main sponsor, shirt sponsor, supplier, parts supplier, partner, insurer, landowner, parent company, rival firm,
    publisher, distributor, carrier, broadcaster, kit maker, energy supplier, bank, law firm, caterer, cleaning firm,
    security firm, software supplier, ticket partner, travel partner, builder, contractor, owner, operator, main
    investor, auditor, main customer
""")
PLACE_ROLES = items("""
    home port, birthplace, venue, training ground, twin town, twin city, main square, meeting place, second office,
    warehouse, research site, factory, test track, summer home, burial place, market place, campsite, main station,
    terminal, power plant, filming location, launch site, finish line, starting point, practice hall, winter quarters,
    new home, address, nearest town
""")
THING_ROLES = items("""
    mascot, motto, slogan, anthem, nickname, flavour, new flavour, top dish, signature dish, house drink, colour, team
    colour, logo, emblem, flower, tree, bird, animal, patron saint, flagship, newsletter, magazine, theme, theme song,
    latest album, first album, new single, debut novel, latest book, opening play, winter play, exhibition, new
    exhibit, main attraction, biggest attraction, ride, prize, top prize, award, project, pilot project, code name,
    password hint, brand, new brand, house style, app, mobile app, website, podcast, radio show, quiz, board game,
    tradition, custom, legend, oldest tree, research topic, main export, crop, best-selling product, best seller,
    bread, cake, soup of the day, beer, wine, cheese, tea, ice cream, perfume, fabric, material, currency, holiday,
    ship, boat, locomotive, telescope, robot, satellite, engine, paint, dance, song, film, festival film, painting,
    statue, trophy, charity, campaign, hashtag, menu, special, subject, course, rule, symbol, pet, cat, dog, horse,
    ghost
""")
RANKS = items("""
    deputy, acting, assistant, chief, senior, junior, honorary, interim, former, new, regional, night, second, first,
    lead, youth, guest
""")
DEPARTMENTS = items("""
    marketing, finance, sales, research, security, operations, technology, design, education, music, sport, transport,
    logistics, communications, training, safety, art, planning, customer care, human resources, production, quality,
    energy, housing
""")
COUNTS = items("""
    seats, rooms, employees, members, pages, floors, trams, buses, students, teachers, beds, trees, boats, shops,
    bridges, branches, engineers, volunteers, players, exhibits, visitors, passengers, machines, cows, stations,
    apartments, books, tables, windows, doors
""")
VERBS: tuple[tuple[str, str, str], ...] = tuple(
    (past, base, kind)
    for past, base, kind in (
        item.split("/")
        for item in items("""
    founded/found/organisation, bought/buy/company, opened/open/venue, won/win/festival, signed/sign/person,
    replaced/replace/person, hired/hire/person, sold/sell/product, launched/launch/product, visited/visit/city,
    painted/paint/title, wrote/write/title, recorded/record/title, designed/design/venue, built/build/venue,
    closed/close/organisation, acquired/acquire/company, sued/sue/company, sponsored/sponsor/club, beat/beat/club,
    defeated/defeat/club, joined/join/club, left/leave/company, praised/praise/person, criticised/criticise/company,
    invented/invent/product, repaired/repair/product, tested/test/product, banned/ban/product,
    recalled/recall/product, discovered/discover/city, rescued/rescue/person, married/marry/person, met/meet/person,
    appointed/appoint/person, fired/fire/person, elected/elect/person, interviewed/interview/person,
    thanked/thank/person, invited/invite/person, moved to/move to/city, flew to/fly to/city, returned to/return
    to/city, expanded to/expand to/city, merged with/merge with/company, signed a deal with/sign a deal with/company,
    played in/play in/venue, performed at/perform at/festival, donated money to/donate money to/organisation, took
    over/take over/company, voted for/vote for/person, chose/choose/title, cancelled/cancel/festival,
    planted/plant/title, adopted/adopt/title, restored/restore/organisation, photographed/photograph/title,
    published/publish/title, directed/direct/title, tasted/taste/title, baked/bake/title, sailed to/sail to/city, drew
    with/draw with/club, lost to/lose to/club
""")
    )
)
