"""The plots of the demo's stream: what happens, in which words, in which wire form; data and one record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plot:
    """One event to write: `facts` are (letter, relation, known); the text holds {A}, {A_new}, {A_old} for letter A."""

    facts: str
    text: str
    form: str = "plain"


NEWS: tuple[Plot, ...] = (
    Plot(
        "A coach known",
        "{A} have a new head coach. {A_new} takes over from {A_old}, the club said on Monday. Training starts at ten.",
    ),
    Plot(
        "A ceo new, B headquarters same:A",
        "{A_new} is the new CEO of {A}. The company is growing fast. {B} is now based in {B_new}.",
    ),
    Plot(
        "A mayor known",
        "Voters in {A} have decided. {A_new} was elected mayor of {A}, ahead of {A_old}. The count took all night.",
        "cloudevent",
    ),
    Plot("A open:mascot new", "{A} has a new mascot: {A_new}. Children picked it in a vote. The old costume goes to a museum."),
    Plot(
        "A price known", "Bad news for buyers: the {A} now costs {A_new}. Before, it was {A_old}. Shops are changing the labels."
    ),
    Plot("A captain known", "{A_new} will captain {A} this season. {A_old} handed over the armband after the last game."),
    Plot(
        "A open:head baker new", "{A_new} is the new head baker at {A}. The shop opens at six. Its bread is known far and wide."
    ),
    Plot(
        "A stadium known",
        "{A} moved from {A_old} to {A_new}. Fans helped to carry the goalposts. The first game is sold out.",
        "ninjs",
    ),
    Plot(
        "A coach new, B captain same:A",
        "{A_new} will coach {A} from July. {B_new} is the captain of {B}. Both signed for two years.",
    ),
    Plot("A ceo known", "A change at the top: {A} named {A_new} as its new CEO. {A_old} leaves after eight years.", "facts"),
    Plot(
        "A open:spokesperson new",
        "{A} named {A_new} as its spokesperson. Reporters were pleased. The phone number stays the same.",
    ),
    Plot(
        "A festival known",
        "From next year, {A} will celebrate the {A_new}. The {A_old} is history. The town expects thousands of guests.",
    ),
    Plot(
        "A founder new",
        "{A} turned thirty this week. It was founded by {A_new} in a small workshop. There was cake for all.",
        "cloudevent",
    ),
    Plot("A population known", "{A} now has {A_new} inhabitants, the statistics office reported. Ten years ago it had {A_old}."),
    Plot("A maker known", "The {A} is now made by {A_new}. {A_old} gave up the line in spring. Buyers will not notice much."),
    Plot("A open:main sponsor new", "The new main sponsor of {A} is {A_new}. The deal runs for three years. No sum was given."),
    Plot(
        "A release new, B price same:A",
        "Fans have waited long. The {A} will be launched in {A_new}. The {B} costs {B_new}.",
        "cloudevent",
    ),
    Plot("A headquarters known", "{A} is moving its headquarters to {A_new}. The old offices in {A_old} will be let.", "ninjs"),
    Plot("A mayor new", "{A} has a new mayor: {A_new}. The swearing-in was short. Rain did not keep people away."),
    Plot("A coach again", "It did not last. {A} replaced {A_old} after only a few weeks; {A_new} is the new head coach of {A}."),
    Plot(
        "A open:signature dish new",
        "The signature dish of {A} is now {A_new}. Guests may try it from Friday. The kitchen has been rebuilt.",
    ),
    Plot("A open:treasurer known", "{A_new} was named treasurer of {A}. The accounts are in good order, it was said."),
)
SUPPORT: tuple[Plot, ...] = (
    Plot(
        "A fix known",
        "customer: Hi, my {A_product} shows {A_code}.\n"
        "agent: The advice has changed. For {A}, {A_new}.\ncustomer: That worked, thanks!",
    ),
    Plot(
        "A returns new",
        "customer: I'd like to send something back to {A}.\nagent: No problem. You can return goods to {A} within {A_new}.",
    ),
    Plot(
        "A warranty known",
        "customer: My {A} broke. Is it still covered?\nbot: The {A} has a warranty of {A_old}.\ncustomer: Are you sure?\n"
        "agent: That is out of date. The {A} has a warranty of {A_new}.",
    ),
    Plot(
        "A fix new",
        "customer: I get {A}. What now?\nagent: For {A}, {A_new}. Let me know if it works.\ncustomer: Great, it does.",
    ),
    Plot(
        "A delivery known",
        "customer: When will my order arrive?\n"
        "agent: Orders from {A} arrive within {A_new}. Anything else?\ncustomer: No, thank you.",
    ),
    Plot("A fix known", "agent: Hello, how can I help?\ncustomer: There is {A}. Help!\nagent: To fix {A}, {A_new}.", "vcon"),
    Plot("A price new", "customer: How much is the {A}?\nagent: Good question. The {A} costs {A_new}.\ncustomer: Thanks."),
    Plot(
        "A fix new",
        "customer: Hello, {A_code} is on the display of my {A_product}.\nagent: Sorry for the trouble. To clear {A}, {A_new}.",
    ),
    Plot(
        "A returns known",
        "customer: Can I still return my order?\nagent: The return period at {A} is now {A_new}. It used to be {A_old}.",
        "facts",
    ),
    Plot("A release new", "customer: Is the {A} out yet?\nagent: Not yet. The {A} comes out in {A_new}.\ncustomer: I can wait."),
)
