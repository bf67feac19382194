"""Words and names of the sample corpus.

Every entry maps a grammar symbol to the words it may become. A symbol may be narrowed by
polarity (``adj:good``) and by domain (``adj:good@food``). Words after a ``|`` are held out: they
occur in the dev and test splits only. An underscore joins the tokens of one entry.
"""

DOMAINS = ("food", "device", "stay", "service", "meeting")

# symbol -> (fine-grained tag, words)
WORDS: dict[str, tuple[str, str]] = {
    # Things that can be judged.
    "noun@food": (
        "NN",
        "soup bread coffee fish salad risotto curry cake breakfast cheese pasta stew pie chowder "
        "lunch tea omelette pudding steak sauce | goulash ramen porridge lasagne sorbet",
    ),
    "noun@device": (
        "NN",
        "kettle printer phone camera heater tablet lamp radio vacuum toaster headset keyboard "
        "charger speaker drill watch monitor blender razor fan | scanner mixer router iron grill",
    ),
    "noun@stay": (
        "NN",
        "room hotel cabin flat hostel campsite cottage apartment chalet pool garden ferry train "
        "bungalow dormitory lodge coach museum guesthouse terrace | hut sauna villa balcony tram",
    ),
    "noun@service": (
        "NN",
        "repair_service delivery_service courier driver hotline support_desk depot handover "
        "carrier crew shop seller call_centre help_desk delivery_team | dispatcher pickup "
        "helpline storekeeper",
    ),
    "noun@meeting": (
        "NN",
        "meeting workshop talk training lecture course session agenda speech presentation summary "
        "conference class report slideshow discussion | seminar webinar briefing rehearsal",
    ),
    # Verdict words. The held-out ones can be guessed from their endings.
    "any_adj:good": (
        "JJ",
        "good great excellent wonderful lovely pleasant | masterful cheerful graceful",
    ),
    "any_adj:bad": (
        "JJ",
        "bad poor awful terrible dreadful useless | joyless charmless lifeless",
    ),
    "own_adj:good@food": ("JJ", "fresh tasty crisp | flavourful"),
    "own_adj:bad@food": ("JJ", "bland stale greasy | flavourless"),
    "own_adj:good@device": ("JJ", "quiet reliable fast | resourceful"),
    "own_adj:bad@device": ("JJ", "noisy flimsy slow | powerless"),
    "own_adj:good@stay": ("JJ", "clean quiet bright | restful"),
    "own_adj:bad@stay": ("JJ", "dirty noisy dark | comfortless"),
    "own_adj:good@service": ("JJ", "prompt fast reliable | tactful"),
    "own_adj:bad@service": ("JJ", "late slow rude | thoughtless"),
    "own_adj:good@meeting": ("JJ", "clear lively short | purposeful"),
    "own_adj:bad@meeting": ("JJ", "dull vague long | aimless"),
    "any_cmp:good": ("JJR", "better nicer"),
    "any_cmp:bad": ("JJR", "worse poorer"),
    "own_cmp:good@food": ("JJR", "fresher tastier | crisper"),
    "own_cmp:bad@food": ("JJR", "blander greasier | staler"),
    "own_cmp:good@device": ("JJR", "quieter faster | handier"),
    "own_cmp:bad@device": ("JJR", "noisier slower | clumsier"),
    "own_cmp:good@stay": ("JJR", "cleaner quieter | lovelier"),
    "own_cmp:bad@stay": ("JJR", "dirtier noisier | shabbier"),
    "own_cmp:good@service": ("JJR", "faster quicker | tidier"),
    "own_cmp:bad@service": ("JJR", "slower ruder | sloppier"),
    "own_cmp:good@meeting": ("JJR", "clearer shorter | brisker"),
    "own_cmp:bad@meeting": ("JJR", "duller longer | drearier"),
    "degree": ("RB", "really truly quite | surprisingly thoroughly"),
    # Neutral open-class words.
    "colour": ("JJ", "green blue grey red yellow white black orange | purple turquoise"),
    "shape": ("JJ", "small large narrow empty tall round local second | upper square spare front"),
    "material": ("NN", "glass paper steel plastic leather stone | brass velvet cotton marble"),
    "object": (
        "NN",
        "box bag key ticket form coat chair table card folder bottle letter map poster ladder "
        "cable basket blanket book label | suitcase crate envelope bucket",
    ),
    "objects": (
        "NNS",
        "boxes bags keys tickets forms chairs tables cards folders bottles letters posters cables "
        "baskets blankets books labels | suitcases crates envelopes buckets",
    ),
    "sheet": ("NN", "form letter poster folder book label map report menu | leaflet notice"),
    "spot": (
        "NN",
        "door counter desk entrance kitchen window office gate corner stairs lift hall garage "
        "reception station | porch cellar lobby",
    ),
    "people": (
        "NNS",
        "neighbours guests drivers waiters students visitors colleagues managers volunteers "
        "children friends clerks | cousins tenants interns",
    ),
    "role": (
        "NN",
        "neighbour manager waiter driver guide cook teacher nurse cashier colleague receptionist "
        "technician | janitor librarian plumber",
    ),
    "occasion": (
        "NN",
        "wedding party picnic birthday reunion festival fair anniversary concert holiday | "
        "christening banquet",
    ),
    "manner": ("RB", "fast late early"),
    "fault_part": (
        "NN",
        "lid handle screen button plug hinge cable strap lock wheel zip battery | lever nozzle",
    ),
    "vbn_mark": ("VBN", "scratched cracked bent torn broken damaged stained | dented chipped"),
    "vbd_do": (
        "VBD",
        "moved checked cleaned opened painted repaired counted returned ordered washed packed "
        "booked | polished mended weighed",
    ),
    "vbn_do": (
        "VBN",
        "moved checked cleaned opened painted repaired counted returned ordered washed packed "
        "booked | polished mended weighed",
    ),
    "vb_do": (
        "VB",
        "move check clean open paint repair count return order wash pack book | polish mend weigh",
    ),
    "nn_vb": ("NN", "visit order plan call book return answer change move walk | repair"),
    "weekday": ("NNP", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "month": (
        "NNP",
        "January February March April May June July August September October November December",
    ),
    "number": ("CD", "two three four five six seven eight nine ten twelve | eleven fifteen"),
    "unit": ("NNS", "euros dollars pounds | francs"),
    # Names. "shared" ones are people, places or firms, as their surroundings say.
    "first_name": (
        "NNP",
        "Mara Owen Priya Tomas Ingrid Kofi Lena Hassan Yuki Clara Diego Nadia Felix Aisha Ruben "
        "Greta Samir Elif Bruno Hana Marta Noel Wanda Otis Leila Piotr Freya Amir Dora Jonas | "
        "Zofia Emeka Ilse Ravi Thea Mateo Sunniva Ossian Bettina Cyrus Anouk Hugo Mirela Tariq",
    ),
    "shared_name": (
        "NNP",
        "Jordan Paris Florence Austin Lincoln Savannah Sydney Madison Georgia Victoria Carolina "
        "Chelsea Preston Milan Adelaide | Charlotte Houston Orlando Verona Logan",
    ),
    "month_name": ("NNP", "April May June August"),
    "firm_kind": (
        "NNP",
        "Logistics Foods Electronics Travel Couriers Bakery Hotels Motors Books Coffee | "
        "Textiles Ferries Ceramics",
    ),
    "brand": (
        "NNP",
        "Velora Nimbus Ketta Orbiq Lumina Brisko Tavio Zentra Halden Pixo Rovelo Sonata Amara "
        "Corvo Tessel | Quillon Vantor Mirabo Ostra Peliko",
    ),
    "model": ("NNP", "Mini Max Pro Air Plus Duo Nova Classic X3 S20 Q7 | Ultra Lite T9"),
    "model_number": ("CD", "200 300 400 500 700 3000 | 600 900"),
}

# Surnames and town names share their parts, so that "Ashford" is either.
NAME_STEMS = (
    "Ash Brad Har Wex Nor Stan Mel Thorn Black Wood Green Lang King Rad Whit Burn Hol Cran "
    "Had Pem Lin Mar Ring Shel Aver"
)
NAME_ENDINGS = "ford well ley ton bury field worth wick ham dale mere stead"

# Tags of the words that templates use without naming one.
CLOSED_CLASS: dict[str, str] = {
    word: tag
    for tag, words in {
        "DT": "the a an this these those no every each some any both another",
        "PRP": "i you he she it we they us him them me itself myself herself ourselves",
        "PRP$": "my your his her its our their",
        "IN": "of in on that at for with from by about into over after before during without under "
        "near beside behind through until since against because although though while than if "
        "whether despite unlike as except between toward along past around across",
        "CC": "and but or nor",
        "MD": "will would can could may might must should",
        "TO": "to",
        "RB": "so not n't never also again still too just only even soon once twice almost always "
        "already yet back together instead often later elsewhere perhaps otherwise "
        "hardly however then now quickly slowly calmly away here",
        "WP": "who what whom",
        "WP$": "whose",
        "WDT": "which",
        "WRB": "when where how why",
        "EX": "there",
        "VBD": "was were had did said told came went took found thought asked wrote",
        "VBZ": "is has does says",
        "VBP": "are am have do",
        "VB": "be",
        "VBN": "been",
        "VBG": "being having",
        "CD": "one",
        "UH": "please yes",
        "NN": "everyone everybody everything anyone anybody anything someone somebody something "
        "nobody nothing",
        "PDT": "such",
        ".": ". ? !",
        ",": ",",
        ":": ": ; — ...",
        "-LRB-": "(",
        "-RRB-": ")",
    }.items()
    for word in words.split()
}
