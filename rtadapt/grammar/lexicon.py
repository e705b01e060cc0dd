"""The small word lists of English that a parse doesn't give: who is a person, what only reports, what only claims.

Owns the lists. Every list is a closed class of English or a class of nouns; none names anything in the world.
"""

from __future__ import annotations

from rtadapt.words import word_set

PERSON_NOUNS = word_set(
    """man woman boy girl person people child baby teenager mother father son daughter brother sister husband wife widow widower
    aunt uncle cousin friend king queen prince princess president chief chair chairman chairwoman chairperson captain coach
    head mayor minister premier chancellor pope bishop judge justice senator congressman congresswoman lawmaker governor
    secretary ambassador general colonel sergeant pilot officer boss ceo cfo coo cto partner founder cofounder co-founder
    star hero champion striker midfielder defender goalkeeper forward guard quarterback pitcher athlete teen student pupil
    nurse doctor surgeon physician patient victim suspect spokesman spokeswoman spokesperson executive actress actor poet
    chef author guitarist drummer professional veteran candidate nominee resident native spouse heir successor predecessor
    player singer writer leader teacher worker driver manager owner dancer painter photographer reporter director editor actor
    professor voter employee farmer fisherman miner commuter passenger tourist visitor runner rider rower skier climber batter
    bowler fighter boxer wrestler trainer banker broker trader investor buyer seller shopper consumer customer subscriber
    user owner-occupier renter tenant builder plumber carpenter electrician engineer programmer researcher scientist
    explorer astronaut adviser advisor minister-president commissioner commander soldier sailor ranger officer firefighter
    prisoner murderer robber killer gunman attacker rapper composer conductor presenter newsreader
    inventor curator sculptor designer architect lecturer scholar dean rector preacher monk nun pastor
    teenager-girl youngster toddler newborn pensioner retiree immigrant migrant refugee asylum-seeker expatriate citizen
    campaigner protester demonstrator activist organiser organizer volunteer donor billionaire millionaire entrepreneur tycoon
    magnate mogul newcomer rival opponent challenger contender winner loser finalist runner-up medallist medalist teammate
    councillor councilor headteacher champ tweeter evacuee official troop analyst contestant participant
    parent grandparent guardian lieutenant socialite
    treasurer clerk sheriff constable detective attorney lawyer barrister solicitor prosecutor sprinter cyclist
    swimmer golfer skipper
    historian librarian comedian gardener keeper beekeeper zookeeper butcher accountant referee umpire gymnast jumper hurdler
    mountaineer landlord landlady vicar vet
    grandson granddaughter grandfather grandmother nephew niece creator
    paramedic lifeguard playwright screenwriter soprano filmmaker
    astronomer philosopher geographer photographer carer caretaker organiser organizer
    ombudsman chairwomen archbishop cardinal rabbi imam priest reverend emperor sultan emir duke duchess lord lady member"""
)
PERSON_ENDINGS = ("ist", "man", "woman", "ologist", "ician", "ographer")
NOT_PERSONS = word_set("list mist waist twist fist assist checklist playlist shortlist human talisman wrist exist gist grist")
ORG_NOUNS = word_set(
    """company firm startup start-up corporation business maker manufacturer retailer supplier insurer lender operator airline
    carrier bank club team side party university college school hospital court agency ministry department council commission
    committee union group charity foundation museum airport newspaper publisher broadcaster developer regulator provider
    distributor processor brewer automaker chipmaker carmaker drugmaker franchise label studio band orchestra theatre theater
    association federation league institute society bureau board authority utility railway chain brand conglomerate
    government parliament senate congress assembly administration jury army watchdog police force startup fund house"""
)
ORG_ENDINGS = word_set(
    """Inc Corp Co Ltd Labs Foods Bank University College Airlines Airways Motors Group Holdings Systems Energy Partners
    Industries Technologies Robotics Pharma Pharmaceuticals Therapeutics Media Entertainment Studios Records Capital Ventures
    Council Commission Committee Ministry Department Agency Authority Court Party Union Association Federation Foundation
    Institute Society United City Rovers Hospital School Museum Orchestra Railways Rail Logistics Software Networks Health
    Athletic Albion Wanderers Rangers Hotspur FC
    AFC Telecom Mobile Insurance Mutual Brewery Outfitters Electronics Dynamics Analytics Parliament Senate Congress"""
)
PLACE_ENDINGS = word_set(
    """Bridge Street Road Avenue Station Airport Park Square Stadium Arena Theatre Theater Hall Tower Castle Cathedral Island
    Bay Beach River Lake Valley Mountain Mount Harbour Harbor County Province District Tunnel Line Port Hotel"""
)
WORKS = word_set("""film movie book novel song album show series play opera musical exhibition podcast game drama memoir poem""")
FACTUAL_REPORTS = word_set(
    "say announce report confirm add note show find tell reveal disclose state declare discover learn explain record "
)
DOUBTED_REPORTS = word_set(
    """claim allege believe think suggest hope fear argue expect warn deny speculate project
    forecast predict guess doubt imagine insist
    accuse contend wish want suspect dispute assume feel consider imply rumor rumour tout joke pretend maintain"""
)
REPORTS = (
    FACTUAL_REPORTS | DOUBTED_REPORTS | word_set("write tweet ask urge call quip recall describe praise criticise criticize")
)
DOUBTED_SPEAKERS = word_set(
    """fan user witness neighbor neighbour resident source critic analyst rumor rumour blog blogger friend someone somebody
    anyone some people many others one observer supporter opponent customer passerby tweet post commenter tipster opposition
    lawyer attorney prosecutor suspect insider reporter pundit expert economist novel film book character"""
)
# Who may be nameless and is believed all the same: it counts, rules or keeps the records.
OFFICIAL_SPEAKERS = word_set(
    """official authority police spokesman spokeswoman spokesperson ministry department agency court judge council commission
    government statement study survey poll census data figure projection estimate analysis research filing release company
    university hospital regulator bureau office institute researcher scientist report announcement army navy military
    association federation union bank mayor governor minister president sheriff coroner firefighter organiser organizer"""
)
HEDGES = word_set(
    """allegedly reportedly perhaps possibly probably maybe apparently supposedly purportedly presumably likely unlikely
    never hardly barely scarcely rarely seldom formerly previously once almost nearly not n't no neither nor nobody none
    nothing potentially conceivably rumored rumoured theoretically hopefully originally initially briefly"""
)
UNSURE_AUXILIARIES = word_set("would could may might should ought 'd shall")
CONDITIONS = word_set("if unless whether lest provided supposing assuming as-if ")
DROPPED_ADVERBS = word_set(
    """also however meanwhile still now recently later then today already thus therefore instead moreover furthermore
    additionally finally eventually too indeed yet so just simply please otherwise currently soon notably namely"""
)
PAST_ROLES = word_set(
    "former ex late then then-president outgoing would-be aspiring one-time onetime erstwhile alleged fake self-styled"
)
PRONOUNS = word_set(
    """he she it they him her them his hers its their theirs himself herself itself themselves we us our ours ourselves i me my
    myself this that these those you your yours yourself who whom whose which such one ones there here other others another
    former latter same both each"""
)
BARE_REFERENCES = word_set(
    """company firm group team club man woman person people bank airline party government group project plan deal move agreement
    decision report study law bill case court agency official president minister player coach driver pilot victim suspect
    family couple boy girl child vehicle car plane ship train building house site area region city town country state
    product service device update version release event game match race film book show album song work role post job
    position money amount figure number rate price cost fee change issue problem error fix program programme system
    program vote election ruling verdict decision accident crash fire storm incident attack blast explosion shooting two three
    pair trio side season year month week day time company's statement announcement news move order offer latter former"""
)
# What a whole sentence is called, and not the thing that stands before it.
DEEDS = word_set(
    """combination move decision deal step sign increase rise drop fall decline expansion result blow change achievement
    development acquisition merger purchase victory defeat feat milestone reversal total detour journey trip drive walk ride
    distance win loss upset record first jump leap surge gain slump plunge swing improvement reduction cut saving delay
    comeback turnaround setback boost breakthrough triumph precedent shock surprise relief gesture"""
)
RANKS = word_set("first second third fourth fifth last only next latest sole")
CAUSED_VERBS = word_set(
    """close cancel evacuate suspend delay postpone arrest resign fine recall shut ground withdraw apologise apologize fire sack
    dismiss jail halt stop pull ban charge scrap abandon hospitalize hospitalise cut strike"""
)
QUANTITIES = word_set(
    """price fee rate fare cost limit age charge toll rent wage salary tax deposit deductible subscription premium fine
    capacity"""
)
LYING = word_set("locate situate")
SPAN_UNITS = word_set("second minute hour day week month year decade century season night")
TIME_NOUNS = SPAN_UNITS | word_set("weekend morning afternoon evening spring summer autumn winter quarter time")
MEASURE_UNITS = {
    "long": word_set("kilometre kilometer mile metre meter foot inch km m cm yard"),
    "heavy": word_set("kilogram kg tonne ton pound gram ounce kilo"),
    "fast": word_set("mph kph km/h knot"),
}
TITLES = word_set(
    """Mr Mrs Ms Dr Prof Sen Gov Rep Sir Lady Lord Dame Gen Col Lt Capt Sgt Rev Mr. Mrs. Ms. Dr. Prof. Sen. Gov. Rep. Gen. Col.
    Lt. Capt. Sgt. Rev. President
    Senator Governor Minister Chancellor Secretary Speaker Chief Mayor Coach Captain Judge Justice Professor King
    Queen Pope Prince Princess"""
)
