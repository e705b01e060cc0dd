"""Free texts of the exam, written by hand in the words of news and help pages; data only.

Nobody looked at a model's reading of them while the corpus was made. Each text goes with what should be read out of it:
words that the question must hold, and the answer.
"""

from __future__ import annotations

FREE_TEXTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Kestrel Foods sold its frozen pizza business to Amaro Group for $85 million on Tuesday.",
        (("who Kestrel Foods", "Amaro Group"), ("how much Kestrel Foods", "$85 million"), ("when Kestrel Foods", "Tuesday")),
    ),
    (
        "The old cinema on Lark Street will be torn down in spring. A youth hostel is planned in its place.",
        (("when cinema", "spring"), ("what cinema", "A youth hostel")),
    ),
    (
        "Pilots at Norrland Air went on strike this morning over unpaid overtime. 140 flights were cancelled.",
        (("why Norrland Air", "unpaid overtime"), ("how many flights", "140")),
    ),
    (
        "Marek Toll, a retired teacher from Ebbing, has walked the whole Saltway in 19 days.",
        (("who Saltway", "Marek Toll"), ("how long Saltway", "19 days")),
    ),
    (
        "Voters in Greyford said no to a second bridge. The result was 58 percent against.",
        (("what Greyford", "a second bridge"),),
    ),
    (
        "Sanna Ruud has quit as chief executive of Polder Bank; her deputy, Joris Klein, takes the helm on 1 July.",
        (("who chief executive Polder Bank", "Joris Klein"), ("when Joris Klein", "1 July")),
    ),
    (
        "The Meadow Road school needs 60 more chairs before the term starts on 4 September.",
        (("how many chairs", "60"), ("when term", "4 September")),
    ),
    (
        "Heavy rain flooded the cellar of the Bramhall Museum last night. Nothing was damaged, said its director, Olga Fenn.",
        (("who director Bramhall Museum", "Olga Fenn"), ("when Bramhall Museum", "last night")),
    ),
    (
        "Quint Labs has developed a paint that cools houses. It will be sold from October at 30 euros a litre.",
        (("who paint", "Quint Labs"), ("when", "October")),
    ),
    (
        "After nine years without a title, Marlow Town are champions. Jesper Oduya headed in the only goal of the final.",
        (("who goal", "Jesper Oduya"),),
    ),
    (
        "The Ostrava Quartet has cancelled its concert in Fenwick because the cellist, Lia Brandt, broke her arm.",
        (("why Ostrava Quartet", "broke her arm"), ("who cellist", "Lia Brandt")),
    ),
    (
        "Farmer Gus Allard lent the village his field for the fair, and the brewery of Tolm provided free drinks.",
        (("who field", "Gus Allard"), ("who drinks", "the brewery of Tolm")),
    ),
    (
        "From Monday, dogs are no longer allowed on the beach at Sandrigg between 9 am and 6 pm.",
        (("where dogs", "Sandrigg"), ("when dogs", "Monday")),
    ),
    (
        "Ida Corvey replaced Tom Lasker in goal for Redmouth Albion and kept a clean sheet.",
        (("who Redmouth Albion", "Ida Corvey"),),
    ),
    (
        "The head of Ulm Clinic, Peter Saar, has gone. In his place, Dr. Nina Vogt now leads the house.",
        (("who Ulm Clinic", "Nina Vogt"),),
    ),
    (
        "Not Karla Menz but Ruben Achter will run the Stadtwald Zoo, the city announced.",
        (("who Stadtwald Zoo", "Ruben Achter"),),
    ),
    (
        "Halvard Shipping has ordered three electric ferries from the yard in Brekke. The first is due in May 2028.",
        (("how many Halvard Shipping", "three"), ("who three", "Halvard Shipping"), ("when first", "May 2028")),
    ),
    (
        "A 62-year-old baker, Enzo Palmieri, has left his entire fortune to the Pinewood animal shelter.",
        (("who Pinewood", "Enzo Palmieri"), ("what Pinewood", "his entire fortune")),
    ),
    (
        "Your Finch Pay card is blocked after three wrong PIN entries. To unblock it, call the number on the back of the card.",
        (("Finch Pay card", "three"), ("unblock", "call the number on the back of the card")),
    ),
    (
        "Free users of Tally Forms can create five forms; paying users have no limit.",
        (("how many forms", "five"),),
    ),
    (
        "In Opal Reader, the font size can be changed under View > Text.",
        (("where Opal Reader", "View > Text"),),
    ),
    (
        "Backups of Corda Drive run every night at 2:30 and are kept for 90 days.",
        (("Backups Corda Drive kept", "90 days"), ("when Corda Drive", "2:30")),
    ),
    (
        "If the Brisk M2 vacuum loses suction, empty the dust box and wash the filter.",
        (("Brisk M2", "empty the dust box and wash the filter"),),
    ),
    (
        "Gift cards from Mosswell Books cannot be exchanged for cash and expire after two years.",
        (("Mosswell Books expire", "two years"),),
    ),
    (
        "Lantern Chat 5.2 no longer runs on Windows 8.",
        (("Lantern Chat 5.2", "Windows 8"),),
    ),
    (
        "Our warehouse in Delft handles returns. Please print the label and drop the parcel at any Pakko shop within 14 days.",
        (("where returns", "Delft"), ("14", "14 days")),
    ),
    (
        "The Hearth S stove shows E7 when the chimney is blocked.",
        (("E7", "the chimney is blocked"),),
    ),
    (
        "Students pay half price at the Lido pool on weekdays, that is 2.50 euros.",
        (("Lido", "half price"),),
    ),
    (
        "Rosa Lindgren of Team Fjord took the yellow jersey after a sprint in Caldera. Mina Okafor is four seconds behind.",
        (("who yellow jersey", "Rosa Lindgren"), ("who behind", "Mina Okafor")),
    ),
    (
        "The ferry company Sundline has raised fares by eight percent, blaming fuel prices. A crossing now costs 41 euros.",
        (("how much Sundline fares", "eight percent"), ("why Sundline", "fuel prices"), ("how much crossing", "41 euros")),
    ),
)
