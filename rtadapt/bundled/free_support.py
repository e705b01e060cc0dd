"""Templates of what help pages, shops and offices say, with the questions they answer; data only.

The form is that of `note_templates`; the slots are those of `notes` and the ones that `free_texts` adds.
"""

from __future__ import annotations

SUPPORT = """
Sign-in codes for {ap} are valid for {mn}.
  = {mn} ? How long are sign-in codes for {ap} valid?
An invitation to {ap} runs out after {mn}.
  = {mn} ? After how long does an invitation to {ap} run out? ~ When does an invitation to {ap} run out?
The download link of {ap} now works for {mn} only.
  = {mn} ? How long does the download link of {ap} work?
Trial accounts of {ap} end after {mn}.
  = {mn} ? After how long do trial accounts of {ap} end? ~ When do trial accounts of {ap} end?
Deleted files stay in the {ap} bin for {mn}.
  = {mn} ? How long do deleted files stay in the {ap} bin?
{ap} now logs you out after {mn} without activity.
  = {mn} ? After how long without activity does {ap} log you out? ~ When does {ap} log you out?
After {few} wrong passwords, {ap} locks the account for {mn}.
  = {mn} ? For how long does {ap} lock the account?
  = {few} ? After how many wrong passwords does {ap} lock the account?
The session token of {ap} expires every {mn}.
  = {mn} ? How often does the session token of {ap} expire?
You can upload files of up to {mb} to {ap}.
  = {mb} ? How large can files be on {ap}? ~ What is the largest file you can upload to {ap}?
The largest attachment in {ap} is {mb}.
  = {mb} ? What is the largest attachment in {ap}? ~ How large is the largest attachment in {ap}?
The {pl} plan of {ap} includes {mb} of storage.
  = {mb} ? How much storage does the {pl} plan of {ap} include?
The {pl} plan of {ap} costs {M} a month and allows {N} users.
  = {M} ? How much is the {pl} plan of {ap}? ~ What does the {pl} plan of {ap} cost a month?
  = {N} ? How many users does the {pl} plan of {ap} allow?
From {D}, the {pl} plan of {ap} will cost {M} per user.
  = {M} ? How much will the {pl} plan of {ap} cost per user?
  = {D} ? From when will the {pl} plan of {ap} cost {M} per user?
Only the {pl} plan of {ap} has {ft}.
  = {pl} ? Which plan of {ap} has {ft}?
To get {ft} in {ap}, you need the {pl} plan.
  = {pl} ? Which plan do you need to get {ft} in {ap}? ~ Which plan of {ap} has {ft}?
{ap} {vn} adds {ft}.
  = {ft} ? What does {ap} {vn} add? ~ What is new in {ap} {vn}?
Version {vn} of {ap} brings {ft} and fixes {bug}.
  = {ft} ? What does version {vn} of {ap} bring?
  = {bug} ? What does version {vn} of {ap} fix?
{ap} {vn} fixes {bug}.
  = {bug} ? What does {ap} {vn} fix?
Version {vn} of {ap} puts an end to {bug}.
  = {vn} ? Which version of {ap} puts an end to {bug}?
The latest version of {ap} is {vn}.
  = {vn} ? What is the latest version of {ap}?
{ap} needs {sys} or later.
  = {sys} ? What does {ap} need? ~ Which system does {ap} need?
Support for {ap} {vn} ends on {D}.
  = {D} ? When does support for {ap} {vn} end?
{ap} will drop support for {sys} in {my}.
  = {my} ? When will {ap} drop support for {sys}?
  = {sys} ? Which system will {ap} no longer support?
To change your password in {ap}, open {menu} and click {bt}.
  = {menu} ? Where do you change your password in {ap}?
  = {bt} ? What do you click to change your password in {ap}?
To turn on {ft} in {ap}, go to {menu}.
  = {menu} ? Where do you turn on {ft} in {ap}? ~ Where can I turn on {ft} in {ap}?
You will find {ft} in {ap} under {menu}.
  = {menu} ? Where do I find {ft} in {ap}? ~ Where will you find {ft} in {ap}?
If {ap} does not start, {fx}.
  = {fx} ? What should I do if {ap} does not start?
If the {K} {fault}, {fx}.
  = {fx} ? What should I do if the {K} {fault}? ~ What helps if the {K} {fault}?
The {K} {fault}? Please {fx}.
  = {fx} ? What should I do if the {K} {fault}?
To reset the {K} {Z}, {fx}.
  = {fx} ? How do you reset the {K} {Z}? ~ How do I reset the {K} {Z}?
To pair the {K} with a phone, {fx}.
  = {fx} ? How do you pair the {K} with a phone?
Error {er} in {ap} means {cause}.
  = {cause} ? What does error {er} in {ap} mean?
When {ap} shows error {er}, {fx}.
  = {fx} ? What should I do when {ap} shows error {er}? ~ What is the fix for error {er} in {ap}?
Error {er} on the {K} is caused by {cause}. To clear it, {fx}.
  = {cause} ? What causes error {er} on the {K}?
  = {fx} ? How do you clear error {er} on the {K}?
A red light on the {K} means {cause}.
  = {cause} ? What does a red light on the {K} mean?
A {S} light on the {K} shows that the battery is low.
  = the battery is low ? What does a {S} light on the {K} show?
The battery of the {K} lasts {mn} and charges in {mn2}.
  = {mn} ? How long does the battery of the {K} last?
  = {mn2} ? How long does it take to charge the battery of the {K}? ~ In what time does the battery of the {K} charge?
The {K} takes {mn} to charge.
  = {mn} ? How long does the {K} take to charge?
Refunds from {C} arrive within {I}.
  = {I} ? How long do refunds from {C} take? ~ Within what time do refunds from {C} arrive?
{C} answers emails within {mn}.
  = {mn} ? Within what time does {C} answer emails? ~ How fast does {C} answer emails?
You can cancel an order at {C} up to {mn} after buying.
  = {mn} ? Until when can you cancel an order at {C}? ~ How long can you cancel an order at {C}?
Express shipping from {C} costs {M}.
  = {M} ? How much is express shipping from {C}? ~ What does express shipping from {C} cost?
{C} does not ship to {T}.
  = {T} ? Where does {C} not ship to? ~ To which place does {C} not ship?
The {C} hotline is open from {wk}.
  = {wk} ? When is the {C} hotline open?
The support desk of {C} can be reached {wk} from {H} to {H2}.
  = {wk} ? On which days can the support desk of {C} be reached?
  = {H} ? From when can the support desk of {C} be reached?
{E} is open {wk} from {H} to {H2}.
  = {H} ? At what time does {E} open?
  = {H2} ? At what time does {E} close?
  = {wk} ? On which days is {E} open?
{E} is closed on {dy}.
  = {dy} ? On which day is {E} closed? ~ When is {E} closed?
Entry to {E} is free for {who}.
  = {who} ? For whom is entry to {E} free? ~ Who gets into {E} for free?
Spare parts for the {K} can be ordered from {C}.
  = {C} ? From whom can spare parts for the {K} be ordered? ~ Where can spare parts for the {K} be ordered?
{C} stopped selling the {K} in {my}.
  = {my} ? When did {C} stop selling the {K}?
The {K} replaces the {K2}, which is no longer sold.
  = the {K} ? What replaces the {K2}?
Use the code {cd} to get {pc} off at {C}.
  = {cd} ? Which code gets you {pc} off at {C}?
  = {pc} ? How much do you get off at {C} with the code {cd}?
The {ap} team moved the export button to {menu}.
  = {menu} ? Where is the export button in {ap}? ~ Where did the {ap} team move the export button?
Because of {cause}, {ap} will be offline on {D} from {H} to {H2}.
  = {cause} ? Why will {ap} be offline on {D}?
  = {D} ? When will {ap} be offline?
{ap} was down for {mn} on {D} because of {cause}.
  = {mn} ? How long was {ap} down?
  = {cause} ? Why was {ap} down?
The default password of the {K} is {cd}.
  = {cd} ? What is the default password of the {K}?
The serial number of the {K} is printed on the {part}.
  = the {part} ? Where is the serial number of the {K} printed?
The filter of the {K} must be changed every {mn}.
  = {mn} ? How often must the filter of the {K} be changed?
The {K} is not meant for {who}.
  = {who} ? For whom is the {K} not meant?
Each customer of {C} may order {N} items at most.
  = {N} ? How many items may each customer of {C} order?
A library card at {E} costs {M} a year. Children pay nothing.
  = {M} ? How much does a library card at {E} cost a year?
Members of {E} may borrow {N} tools for {mn}.
  = {N} ? How many tools may members of {E} borrow?
  = {mn} ? For how long may members of {E} borrow tools?
{ap} does not run on {sys} yet. A new version will come on {D}.
  = {sys} ? On which system does {ap} not run yet?
  = {D} ? When will a new version of {ap} come?
Owners of the {K} can get a new {part} free of charge until {D}.
  = a new {part} ? What can owners of the {K} get?
  = {D} ? Until when can owners of the {K} get a new {part}?
The {K} is sold out until {D}.
  = {D} ? Until when is the {K} sold out?
Students get {pc} off at {C}.
  = {pc} ? How much do students get off at {C}?
Orders placed before {H} leave {C} on the same day.
  = {H} ? Before what time must orders at {C} be placed? ~ Before which time do orders leave {C} on the same day?
{ap} keeps your data in {T}.
  = {T} ? Where does {ap} keep your data?
Only {wh} can switch off {ft} in {ap}.
  = {wh} ? Who can switch off {ft} in {ap}?
{ap} is free for {who}; everyone else pays {M} a year.
  = {who} ? For whom is {ap} free?
  = {M} ? How much does everyone else pay for {ap}?
A lost card of {E} is replaced for {M}.
  = {M} ? For how much is a lost card of {E} replaced? ~ How much must you pay for a lost card of {E}?
{ap} no longer has {ft}; version {vn} was the last with it.
  = {vn} ? Which version of {ap} was the last with {ft}?
Before you update {ap}, {fx}.
  = {fx} ? What should I do before I update {ap}? ~ What should you do before you update {ap}?
The {K} crashes when {why}. The makers are working on it.
  = {why} ? When does the {K} crash?
{ap} became slow because {why}.
  = {why} ? Why did {ap} become slow?
{C} will replace every {K} that {fault}.
  = {C} ? Who will replace every {K} that {fault}?
If {why}, {ap} sends you a message.
  = {why} ? When does {ap} send you a message?
Your points at {C} are lost after {mn}.
  = {mn} ? After how long are your points at {C} lost?
Complaints about the {V} to {T} go to {P}.
  = {P} ? To whom do complaints about the {V} to {T} go? ~ Who takes complaints about the {V} to {T}?
{C} checks your papers within {mn} and pays out on {D}.
  = {mn} ? Within what time does {C} check your papers?
  = {D} ? When does {C} pay out?
The light on the {K} turns {S} when {why}.
  = {why} ? When does the light on the {K} turn {S}?
The old {ap} address still works until {D}; the new one is {cd}.
  = {D} ? Until when does the old {ap} address work?
  = {cd} ? What is the new {ap} address?
"""
