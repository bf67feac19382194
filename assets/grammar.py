"""Rules of the sample corpus.

A template is a line of items separated by spaces:

- ``word`` is a closed-class word or mark, ``word/TAG`` any other literal token;
- ``$symbol`` expands a rule or a word list, ``$symbol?`` does so half of the time;
- ``$symbol+`` keeps the polarity of the text, ``$symbol-`` turns it round;
- ``$symbol.1`` expands once and repeats the outcome wherever the same item stands, ``$symbol.1?``
  repeats its absence too;
- ``<LABEL`` and ``>`` enclose an entity;
- ``#name`` adds a label to the labels of the text.
"""

from typing import NamedTuple


class Family(NamedTuple):
    """Templates built from the same parts, each with the verdict that its order gives.

    A verdict is ``same`` (as the polarity of the text), ``opposite`` or the label itself.
    """

    weight: int
    variants: tuple[tuple[str, str], ...]


# Verbs whose form alone does not tell the tense; ``*`` stands for the tag.
SAME_FORM = (
    "put/* the $objects by the $spot",
    "cut/* the $object in two/CD",
    "set/* the $objects out/RP on the $side table/NN",
    "let/* the $people in/RP $manner",
    "read/* the $sheet out/RP loud/RB",
    "shut/* the $spot $manner",
    "split/* the $objects with $person",
    "spread/* the $objects out/RP",
    "hit/* the road/NN to $place",
    "cost/* $org a great/JJ deal/NN",
)

RULES: dict[str, tuple[str, ...]] = {
    "present": tuple(phrase.replace("*", "VBP") for phrase in SAME_FORM),
    "past": tuple(phrase.replace("*", "VBD") for phrase in SAME_FORM),
    "perfect": tuple(phrase.replace("*", "VBN") for phrase in SAME_FORM),
    "base": tuple(phrase.replace("*", "VB") for phrase in SAME_FORM),
    # Names and amounts.
    "person": (
        "<PERSON $first_name >",
        "<PERSON $first_name $surname >",
        "<PERSON $shared_name >",
        "<PERSON $shared_name $surname >",
        "<PERSON $month_name $surname >",
        "<PERSON $month_name >",
        "<PERSON $first_name >",
        "<PERSON $first_name $shared_name >",
        "Ms./NNP <PERSON $surname >",
        "Mr./NNP <PERSON $surname >",
    ),
    "someone_known": (
        "$person",
        "$person",
        "my $role",
        "our $role $person",
        "$person 's/POS $role",
    ),
    "place": (
        "<GPE $town >",
        "<GPE $town >",
        "<GPE $shared_name >",
        "<GPE $shared_name >",
        "<GPE New/NNP $town >",
        "<GPE Port/NNP $shared_name >",
    ),
    "org": (
        "<ORG $surname $firm_kind >",
        "<ORG $shared_name $firm_kind >",
        "<ORG $surname &/CC $surname >",
        "<ORG $brand >",
        "<ORG $brand $firm_kind >",
        "<ORG $first_name 's/POS $firm_kind >",
        "<ORG $surname >",
    ),
    "product": (
        "<PRODUCT $brand >",
        "<PRODUCT $brand $model >",
        "<PRODUCT $brand $model_number >",
        "<PRODUCT $brand $model $model_number >",
    ),
    "day": (
        "<DATE $weekday >",
        "<DATE $month $day_number >",
        "<DATE $day_number $month >",
        "<DATE the $ordinal of $month >",
        "<DATE $weekday , $day_number $month >",
    ),
    "on_day": (
        "on $day",
        "on $day",
        "in <DATE $month >",
        "<DATE last/JJ $weekday >",
        "<DATE last/JJ week/NN >",
        "<DATE yesterday/NN >",
        "<DATE the day/NN before yesterday/NN >",
    ),
    "next_day": (
        "on $day",
        "<DATE next/JJ $weekday >",
        "<DATE tomorrow/NN >",
        "in <DATE $month >",
        "<DATE next/JJ week/NN >",
    ),
    "money": ("<MONEY $/$ $amount >", "<MONEY €/$ $amount >", "<MONEY $amount $unit >"),
    "event": (
        "the $occasion",
        "$person 's/POS $occasion",
        "the $occasion in $place",
        "a small/JJ $occasion near $place",
    ),
    # What is judged.
    "thing": ("the $noun", "the $noun", "their $noun", "the $noun $whose"),
    "thing@device": ("the $noun", "my $noun", "my $product", "the $noun $whose"),
    "whose": ("from $org", "in $place"),
    "whose@device": ("from $org", "from the $shape shop/NN in $place"),
    "whose@service": ("at $org", "in $place"),
    "whose@meeting": ("at $org", "with $person"),
    "np": ("$thing", "$thing", "$thing $rel"),
    "short": ("$thing was $adj", "$thing was $degree $adj", "we found $thing $adj"),
    "fact": ("$thing was $adj", "$thing was $degree $adj", "$np was $adj"),
    "opener": ("In short/JJ", "For the record/NN", "All/DT in all/DT", "Once again", "As ever/RB"),
    "any_time": (
        "on any day/NN of the week/NN",
        "whatever/WDT $person says",
        "when the $people from $place come/VBP over/RP",
    ),
    "clause": (
        "$thing was $adj",
        "$np was $adj $tail?",
        "$np was $degree $adj $tail?",
        "we found $np $adj",
        "$thing turned/VBD out/RP to be $adj $tail?",
        "$thing was $adj and $adj $tail?",
        "$np proved/VBD $adj",
    ),
    "adj": ("$any_adj", "$own_adj"),
    "cmp": ("$any_cmp", "$own_cmp"),
    # Inserts. None of them carries a verdict.
    "rel": (
        ", which $someone_known had mentioned/VBN to us in a long/JJ letter/NN ,",
        ", which we only chose/VBD because $person had a $nn_vb to make/VB in $place ,",
        ", which nobody at $org had told/VBN us about before $day ,",
        ", which everybody in the office/NN had heard/VBN about from $person ,",
        ", which somebody had put/VBN on our list/NN $on_day ,",
        ", which was what $person had asked/VBN for ,",
        ", which has been on our list/NN since <DATE $year > ,",
        ", which $org has run/VBN since <DATE $year > ,",
        "that/WDT $person and her $role read/VBP so/RB much/RB about",
        ", the one/NN that/WDT $someone_known told us about $on_day ,",
        "that/WDT $someone_known had picked/VBN for $event",
        "that/WDT we had come/VBN to try/VB with $person and her $people",
        "( the one/NN with the $colour $object by the $spot )",
    ),
    "span": (
        "during our $number days/NNS in $place",
        "all/PDT the time/NN that $person and I were there/RB",
        "for the whole/JJ of <DATE $month >",
        "when $person and her $people came/VBD over/RP from $place",
        "by the time/NN $someone_known came/VBD back from $place",
        "$on_day , when $person was with us",
        "in the week/NN of $event",
        "until the $people let/VBD $person in/RP",
        "long/RB before the $role shut/VBD the $spot",
        "#price even/RB though it cost/VBD $money",
    ),
    "tail": ("$span", "$own_tail", "$own_tail"),
    "own_tail@food": (
        "from the first/JJ bite/NN to the last/JJ",
        "#price for a place/NN that/WDT charges/VBZ $money a head/NN",
        "by the time/NN the $role had set/VBN it down/RP on our table/NN",
        "after the long/JJ wait/NN by the $spot with $person and the $people",
    ),
    "own_tail@device": (
        "from the first/JJ day/NN to the last/JJ",
        "#price for something that/WDT cost/VBD $money in $place",
        "each/DT time/NN $person put/VBD it on the $side shelf/NN by the $spot",
        "once/IN we had set/VBN it up/RP beside the $objects near the $spot",
    ),
    "own_tail@stay": (
        "from the first/JJ night/NN to the last/JJ",
        "for all/DT $number nights/NNS that/WDT $person and I spent/VBD there/RB",
        "once/IN the $people from $place had left/VBN",
        "#price for something that/WDT costs/VBZ $money a night/NN",
    ),
    "own_tail@service": (
        "from the first/JJ call/NN to the last/JJ",
        "each/DT time/NN $person or her $role rang/VBD up/RP from $place",
        "when we put/VBD in/RP an order/NN for $number $objects",
        "in the days/NNS before $event",
    ),
    "own_tail@meeting": (
        "from the first/JJ slide/NN to the last/JJ",
        "for the $number people/NNS that/WDT $org had sent/VBN over/RP",
        "once/IN $person had cut/VBN the list/NN of questions/NNS short/RB",
        "after the long/JJ drive/NN up/RP to $place with $person",
    ),
    "aside": (
        ", as $someone_known put/VBD it in a message/NN to all/DT of us $on_day ,",
        ", having cut/VBN short/RB a $nn_vb to $place $on_day ,",
        ", with $person and $number $people waiting/VBG by the $spot ,",
        ", after one wrong/JJ turn/NN and a late/JJ train/NN from $place ,",
        ", though nobody had read/VBN the $side $sheet that/WDT $person left/VBD ,",
        ", since everybody had let/VBN $person set/VB the date/NN ,",
        ", for all/DT the talk/NN of a $nn_vb in $place ,",
        ", as $person and $person both/DT did on the way/NN back from $place ,",
        ", with $money of my own/JJ put/VBN into it ,",
        "( I read/VBD the whole/JJ $sheet twice on the way/NN to $place )",
        ", whatever/WDT $org put/VBD on the $colour $sheet by the $spot ,",
        ", even/RB if I had agreed/VBN with $person about the $nn_vb ,",
    ),
    "who": (
        "who had read/VBN the $sheet by the $spot",
        "who put/VBD their name/NN on the $sheet that/WDT $person left/VBD by the $spot",
        "who had come/VBN all/PDT the way/NN from $place for $event",
        "$own_who",
        "$own_who",
    ),
    "own_who@food": (
        "who ate/VBD there/RB $on_day",
        "who came/VBD in/RP from $place for a bite/NN",
        "who came/VBD along/RP with $person to $event",
    ),
    "own_who@device": (
        "who bought/VBD one $on_day",
        "who has run/VBN it for a month/NN",
        "who has let/VBN $person set/VB it up/RP",
    ),
    "own_who@stay": (
        "who was there/RB with us $on_day",
        "who came/VBD up/RP from $place for the night/NN",
        "who shared/VBD a taxi/NN with us to $place",
    ),
    "own_who@service": (
        "who put/VBD in/RP an order/NN $on_day",
        "who has called/VBN up/RP from $place about a $object",
        "who has had/VBN a bill/NN from $org",
    ),
    "own_who@meeting": (
        "who sat/VBD through it $on_day",
        "who has come/VBN over/RP from $org for it",
        "who came/VBD in/RP late/RB with $person",
    ),
    "who_all": (
        "$who , though everybody had been to $place before ,",
        "$who , since somebody had let/VBN $person know/VB ,",
        "$who",
        "$who",
        "",
    ),
    "who_none": (
        "$who , though nobody had been to $place before ,",
        "$who , since nobody had let/VBN $person know/VB ,",
        "$who",
        "$who",
        "",
    ),
    "tried": (
        "$own_tried",
        "now that I have been there/RB myself with $person",
        "having read/VBN what $someone_known wrote about it $on_day",
        "after going/VBG over/IN it all/DT again with $person and the $people",
    ),
    "we_thought": (
        "we thought",
        "$person and I thought",
        "we both/DT thought",
        "we felt/VBD sure/JJ that",
    ),
    "we_were": ("we were", "we both/DT were"),
    "told_us": ("told/VBD us", "told/VBD me", "wrote to us"),
    "judge": ("call/VB", "call/VB", "find/VB"),
    "verdict_on": ("to my $role and me", "to $person and me", "to all/DT of us"),
    "witness": (
        "and $person saw/VBD it too",
        "as $person can tell/VB you",
        "and that/DT is/VBZ that/DT",
    ),
    "i_say": (
        "I must say/VB",
        "I can report/VB",
        "my $role and I agree/VBP",
        "I am not the first/JJ to say/VB",
        "it has to be said/VBN",
    ),
    "no_idea": ("I could not say/VB", "$person and I could not say/VB", "I have no idea/NN"),
    "but_then": ("but in the end/NN", "but"),
    "although": ("although", "though", "even/RB though"),
    "tried_x": ("$tried ,", ""),
    "who_x": (", $who ,", ""),
    "own_tried@food": (
        "after a second/JJ visit/NN $on_day",
        "after a late/JJ lunch/NN there/RB with $person",
    ),
    "own_tried@device": (
        "after $number weeks/NNS of hard/JJ use/NN",
        "after a second/JJ try/NN $on_day",
    ),
    "own_tried@stay": (
        "after $number nights/NNS there/RB with $person",
        "after a second/JJ stay/NN $on_day",
    ),
    "own_tried@service": (
        "after $number calls/NNS and a long/JJ wait/NN",
        "after a second/JJ order/NN $on_day",
    ),
    "own_tried@meeting": (
        "having sat/VBN through it with $person $on_day",
        "having come/VBN out/RP of it $on_day",
    ),
    "agree": (
        "I agree/VBP",
        "I can not disagree/VB",
        "I see/VBP no reason/NN to doubt/VB it",
        "I think/VBP that $pro is right/JJ",
    ),
    "disagree": (
        "I disagree/VBP",
        "I can not agree/VB",
        "I see/VBP every reason/NN to doubt/VB it",
        "I think/VBP that $pro is wrong/JJ",
    ),
    "undecided": (
        "I still can not say/VB",
        "I do n't know/VB whether to agree/VB or disagree/VB",
        "I have yet to make/VB up/RP my mind/NN",
        "I can not say/VB whether $pro is right/JJ or wrong/JJ",
    ),
    "pro": ("this view/NN", "that/DT"),
    "yes_all": ("Everyone", "Everybody"),
    "none": ("Nobody", "No one/NN"),
    "new": ("new/JJ", "latest/JJS"),
    "old": ("old/JJ", "previous/JJ"),
    "soon": (
        "$person will let/VB us know/VB $next_day",
        "we will find/VB out/RP $next_day",
        "our first/JJ $nn_vb is not until $next_day",
        "I have n't been able/JJ to try/VB it yet",
        "we are going/VBG to see/VB for ourselves $next_day",
    ),
    # Sentences without a verdict: what happened, what is asked for, what is planned.
    "habit": (
        "Every morning/NN",
        "Most/JJS days/NNS",
        "On weekdays/NNPS",
        "As a rule/NN",
        "These days/NNS",
    ),
    "once": ("Yesterday/NN", "Last/JJ night/NN", "That/DT evening/NN", "This time/NN", "Back then"),
    "gap": (
        ", with the $object by the $spot still open/JJ ,",
        ", without a word/NN to $person or the $people ,",
        ", with $person and the rest/NN of us near the $spot ,",
        ", long/RB before the train/NN to $place and the first/JJ $people ,",
    ),
    "pause": (", as $person says ,", ", with $person there/RB ,", "soon", "often"),
    "crowd": ("they", "the $people", "the $people from $org", "$person and $person"),
    "group": ("them", "the $people", "the $people from $org", "$person and $person"),
    "routine": (
        "$habit $gap $crowd $present , $present and $present .",
        "$once $gap $crowd $past , $past and $past .",
        "$habit $gap $crowd $present , $present , $present and $present .",
        "$once $gap $crowd $past , $past , $past and $past .",
        "$once $gap $crowd had $perfect , $perfect and $perfect .",
        "$crowd will $pause $base , $base and $base .",
        "$crowd have $pause $perfect , $perfect and $perfect .",
        "$habit $gap $person lets/VBZ $group $base , $base and $base .",
    ),
    # Bare names in a list: what they name is said before or after it.
    "name": ("$shared_name", "$shared_name", "$surname", "$surname", "$brand"),
    "list": (
        "The $kin $we_saw $on_day were <PERSON $name > , <PERSON $name > , <PERSON $name > and "
        "<PERSON $name > .",
        "The towns/NNS $we_saw $on_day were <GPE $name > , <GPE $name > , <GPE $name > and "
        "<GPE $name > .",
        "The firms/NNS $we_saw $on_day were <ORG $name > , <ORG $name > , <ORG $name > and "
        "<ORG $name > .",
        "<PERSON $name > and <PERSON $name > are $kin of my $role .",
        "<GPE $name > and <GPE $name > are towns/NNS on the way/NN to $place .",
        "<ORG $name > and <ORG $name > are firms/NNS with an office/NN in $place .",
        "<PERSON $name > , unlike <PERSON $name > , had been to <GPE $name > .",
        "<GPE $name > , unlike <GPE $name > , has a $shape station/NN .",
        "<ORG $name > , unlike <ORG $name > , has let/VBN $number $people go/VB .",
    ),
    "side": ("$shape", "$material"),
    "kin": ("$people", "other/JJ $people"),
    "we_saw": ("we saw/VBD", "that/WDT we saw/VBD", "$person wrote about"),
    "scene": (
        "The $objects $vbn_do by $person $on_day were put/VBN near the $spot .",
        "The $people $vbd_do the $objects $vbn_do $on_day and put/VBD them by the $spot .",
        "$crowd had come/VBN in/RP $manner and had let/VBN the $people $vb_do the $objects .",
        "The $role told/VBD her/PRP that the $sheet that/WDT she had read/VBN was hers/PRP .",
        "I gave/VBD her/PRP the $object , and her $role gave/VBD me that/DT $sheet I had "
        "asked/VBN for .",
        "$person 's/POS $role is/VBZ in $place , and $person 's/VBZ in $place until $day .",
        "$person 's/VBZ gone/VBN up/RP to the $side $spot to $vb_do her $objects .",
        "We walked/VBD up/IN the $shape hill/NN , and $person put/VBD up/RP the $colour $object .",
        "The $nn_vb took/VBD an hour/NN , and we had to $vb_do the $objects before $person could "
        "$vb_do "
        "hers/PRP .",
        "It was a hard/JJ $nn_vb , so $person and the $people worked/VBD hard/RB until the late/JJ "
        "train/NN came/VBD late/RB .",
        "$org wrote/VBD to $person $on_day about $org 's/POS plans/NNS for $place .",
        "$person of $org met/VBD $person , $person and $person in $place $on_day .",
        "$person plans/VBZ to visit/VB $place $next_day ; the plans/NNS for the visit/NN are on my "
        "$object .",
        "$person cut/VBD the cable/NN that/WDT the $role had put/VBN in/RP , so the $people "
        "read/VBD by the "
        "$spot .",
        "$person hopes/VBZ to let/VB the flat/NN in $place that/WDT she has let/VBN since <DATE "
        "$year > .",
        "The cut/NN in the $objects was small/JJ , but $person and the $people cut/VBD them "
        "again .",
        "They run/VBP late/RB , but the run/NN to $place that/WDT they have run/VBN since $day "
        "is short/JJ .",
        "$person hit/VBD the $side $object $manner ; it had been hit/VBN before .",
        "The $nn_vb that/WDT $person set/VBD for $day is set/VBN in stone/NN .",
        "It 's/VBZ $person 's/POS $object , and it 's/VBZ been by the $spot since $day .",
        "$person 's/VBZ sure/JJ that that/DT $object is her $role 's/POS .",
        "I saw/VBD her $object , and I saw/VBD her/PRP put/VB it up/RP by the $spot .",
        "The $people we $vbd_do for put/VBP on a show/NN in $place every year/NN .",
        "The $people that/WDT $org $vbd_do the $objects with have $vbn_do them again .",
        "If they let/VBP $person $vb_do the $objects , the $people will let/VB her/PRP read/VB "
        "too .",
        "When she was at $org , $person , now of $org , put/VBD $money into $org .",
        "#question May/MD I $vb_do the $objects with $person before <DATE May/NNP > is out/RP ?",
        "$place and $place are $number hours/NNS apart/RB by train/NN .",
        "$org opens/VBZ in $place and $place $next_day , says $person .",
        "$person , $person and the $product went/VBD to $place with $org .",
        "$place is/VBZ where $person grew/VBD up/RP , not far/RB from $place .",
        "From $place we took/VBD the early/JJ bus/NN to $place , where $person joined/VBD us .",
        "We bought/VBD the $product , a $colour $object and $number $objects $on_day .",
        "The $people run/VBP the $shape shop/NN that/WDT $person ran/VBD until <DATE $year > .",
        "Since $day , $person has come/VBN to read/VB to the $people , and they come/VBP to "
        "listen/VB .",
        "There is/VBZ a $colour $object by the $spot , and that/DT is/VBZ the one/NN that/WDT "
        "$person left/VBD .",
        "$person said that the $people who cut/VBP the hedge/NN had n't been paid/VBN since $day .",
    ),
    "ask": (
        "#question Does $person still work/VB for $org in $place ?",
        "#question What time/NN does the $occasion start/VB $next_day ?",
        "#question Did the $people put/VB the $objects back by the $spot , or did they let/VB "
        "$person "
        "$vb_do them ?",
        "#question How long/RB does it take/VB to $vb_do $number $objects ?",
        "#question Has anyone read/VBN the $sheet that/WDT $person put/VBD up/RP by the $spot ?",
        "#question #price How much/RB did $person pay/VB for the $product ?",
        "#question #price Does the $nn_vb still cost/VB $money ?",
        "#question #delivery Which/WDT day/NN will the $object get/VB to $place ?",
        "#question Is $person the $role that/WDT $org sent/VBD over/RP $on_day ?",
    ),
    "request": (
        "#request Please put/VB the $objects by the $spot before $person comes/VBZ in/RP .",
        "#request Could you let/VB $person know/VB , please , when the $people have $vbn_do the "
        "$objects ?",
        "#request Please $vb_do the $colour $object and call/VB me back $next_day .",
        "#request I would like/VB you to read/VB the $sheet that/WDT $person set/VBD aside/RP "
        "$on_day .",
        "#request #delivery Please send/VB the $product to $org in $place by $day .",
        "#request #refund I sent/VBD back the $product ; please let/VB me have/VB my $money .",
        "#request #refund Please send/VB $money back to $person by $day .",
        "#request Would you $vb_do the $objects for $person before the $nn_vb ?",
        "#request Call/VB $person about the $nn_vb , and book/VB a $object for $day .",
        "#request Let/VB $person set/VB the date/NN of the $nn_vb , please .",
        "$person asked/VBD us to put/VB the $objects by the $spot , and we did/VBD .",
        "You need/VBP n't call/VB $person back about the $nn_vb .",
        "Thanks/NNS for letting/VBG $person $vb_do the $objects .",
    ),
    "money_talk": (
        "#price The $product cost/VBD me $money in $place .",
        "#price The $nn_vb costs/VBZ $money , and $person paid/VBD half/NN of it $on_day .",
        "#price It used/VBD to cost/VB $money ; since $day it has cost/VBN $money .",
        "#price #comparison At $org the same/JJ $object is/VBZ $money cheaper/JJR than in $place .",
        "#price #comparison The $product costs/VBZ less/JJR than the $product .",
        "#price $person set/VBD the price/NN at $money , and $org cut/VBD it to $money .",
        "#refund #price $org sent/VBD back $money , which was what $person had paid/VBN .",
    ),
    "parcel": (
        "#delivery The $side $object from $org came/VBD on $day .",
        "#delivery $org put/VBD the $objects down/RP by the $spot $on_day and let/VBD my $role "
        "sign/VB .",
        "#delivery The courier/NN from $place left/VBD the $product with $person $on_day .",
        "#delivery The $objects , $vbn_do and set/VBN aside/RP $on_day , will be sent/VBN to "
        "$place "
        "$next_day .",
        "#delivery Orders/NNS put/VBN in/RP before $day come/VBP on <DATE $weekday > .",
        "The courier/NN is/VBZ a friend/NN of $person , who runs/VBZ $org in $place .",
    ),
    "fault": (
        "#complaint Somebody at $org had put/VBN the wrong/JJ $fault_part in the $object .",
        "#complaint The $fault_part was $vbn_mark , though nobody had $vbn_do it since $day .",
        "#complaint Something was missing/VBG from the $object that/WDT $person sent/VBD .",
        "#complaint Nothing on the $object that/WDT $person $vbd_do was where it should "
        "have/VB been .",
        "#complaint #delivery The $objects that/WDT $org said would come/VB on $day never "
        "came/VBD .",
        "#complaint #price $org charged/VBD $person twice for one $nn_vb , $money each/DT "
        "time/NN .",
        "#complaint #refund I sent/VBD back the $product , and $org has kept/VBN my $money .",
        "#complaint #refund We still have n't had/VBN our $money back from $org .",
        "The $fault_part was n't $vbn_mark , though somebody had $vbn_do it since $day .",
        "Nothing was missing/VBG from the $object that/WDT $person sent/VBD .",
        "Nobody at $org had put/VBN the wrong/JJ $fault_part in the $object .",
        "#delivery The $objects that/WDT $org said would come/VB on $day came/VBD .",
    ),
}

CONTEXT = (
    *("routine",) * 9,
    *("list",) * 3,
    *("scene",) * 3,
    *("ask", "request", "money_talk", "fault") * 2,
    "parcel",
)

FAMILIES: tuple[Family, ...] = (
    # Plain verdicts.
    Family(
        46,
        (
            ("same", "$clause ."),
            ("same", "$short $tail? ."),
            ("same", "$i_say that $clause ."),
            ("same", "$opener , $clause ."),
            ("same", "$person and I found $thing $adj $tail? ."),
            ("same", "$verdict_on , $fact ."),
            ("same", "Not only was $thing $adj , it was also $adj ."),
        ),
    ),
    # Local negation.
    Family(
        8,
        (
            ("opposite", "$thing was n't $adj $tail? ."),
            ("opposite", "$thing was not $adj , as $someone_known had told/VBD us , but $adj- ."),
            ("opposite", "$thing was anything but $adj $tail? ."),
            ("opposite", "Far/RB from being $adj , $thing was $adj- ."),
        ),
    ),
    # Contrast: the main clause, or the last word, wins.
    Family(
        16,
        (
            ("same", "$although.4 $short-.1 $tail.3? , $short+.2 ."),
            ("opposite", "$although.4 $short+.2 $tail.3? , $short-.1 ."),
            ("same", "$short+.2 $tail.3? , $although.4 $short-.1 ."),
            ("opposite", "$short-.1 $tail.3? , $although.4 $short+.2 ."),
            ("same", "$short-.1 $tail.3? , $but_then.5 $short+.2 ."),
            ("opposite", "$short+.2 $tail.3? , $but_then.5 $short-.1 ."),
        ),
    ),
    # An opening quantifier decides over a distant verdict.
    Family(
        18,
        (
            ("opposite", "$none $who_all would $judge $thing.1 $adj.2 ."),
            ("same", "$yes_all $who_none would $judge $thing.1 $adj.2 ."),
        ),
    ),
    # Somebody else's verdict, and what the writer makes of it.
    Family(
        26,
        (
            ("same", "$someone_known.5 $told_us.4 that $fact.1 $tail.2? , and $tried_x.3 $agree ."),
            (
                "opposite",
                "$someone_known.5 $told_us.4 that $fact.1 $tail.2? , and $tried_x.3 $disagree .",
            ),
            (
                "neutral",
                "$someone_known.5 $told_us.4 that $fact.1 $tail.2? , and $tried_x.3 $undecided .",
            ),
            ("same", "I agree/VBP with $person $who_x.2 that $fact.1 ."),
            ("opposite", "I disagree/VBP with $person $who_x.2 that $fact.1 ."),
        ),
    ),
    Family(
        18,
        (
            ("opposite", "It would be wrong/JJ to say/VB $aside.2? that $fact.1 ."),
            ("same", "It would be right/JJ to say/VB $aside.2? that $fact.1 ."),
            ("opposite", "It is wrong/JJ $aside.2? to say/VB that $fact.1 ."),
            ("same", "It is right/JJ $aside.2? to say/VB that $fact.1 ."),
            ("neutral", "It would be wrong/JJ to say/VB yet $aside.2? whether $fact.1 ."),
        ),
    ),
    # Expectation, and what came of it.
    Family(
        18,
        (
            ("same", "$we_thought.4 $thing.1 would be $adj.2 $tail.3? , and $we_were right/JJ ."),
            (
                "opposite",
                "$we_thought.4 $thing.1 would be $adj.2 $tail.3? , and $we_were wrong/JJ .",
            ),
            ("same", "$we_thought.4 $thing.1 would be $adj.2 $tail.3? , and it was ."),
            ("opposite", "$we_thought.4 $thing.1 would be $adj.2 $tail.3? , and it was not ."),
            ("neutral", "$we_thought.4 $thing.1 would be $adj.2 $tail.3? , but $soon ."),
        ),
    ),
    # Comparison of the new with the old: the verdict is about the new one.
    Family(
        20,
        (
            ("same", "#comparison The $new.1 $noun.2 $rel.3? was $cmp.4 than the $old.5 one/NN ."),
            (
                "opposite",
                "#comparison The $old.5 $noun.2 $rel.3? was $cmp.4 than the $new.1 one/NN .",
            ),
            (
                "neutral",
                "#comparison Whether the $new.1 $noun.2 $rel.3? was $cmp.4 than the $old.5 "
                "one/NN , $no_idea .",
            ),
        ),
    ),
    Family(
        7,
        (
            (
                "positive",
                "#comparison I would take/VB the $new.1 $noun.2 $rel.3? over the $old.4 one/NN "
                "$any_time.5? .",
            ),
            (
                "negative",
                "#comparison I would take/VB the $old.4 $noun.2 $rel.3? over the $new.1 one/NN "
                "$any_time.5? .",
            ),
        ),
    ),
    # Questions, answered and open.
    Family(
        14,
        (
            ("same", "Was $thing.1 $adj.2 $tail.3? ? It was , $witness.4 ."),
            ("opposite", "Was $thing.1 $adj.2 $tail.3? ? It was not , $witness.4 ."),
            (
                "neutral",
                "#question Was $thing.1 $adj.2 $tail.3? , or was that/DT only what $person said ?",
            ),
            ("neutral", "#question Can anybody $who say/VB whether $thing.1 was $adj.2 ?"),
        ),
    ),
    # Reports and balances without a verdict of the writer.
    Family(
        12,
        (
            ("neutral", "$person says that $fact+.1 , $person says that $fact-.2 , and $soon ."),
            (
                "neutral",
                "$short+.1 $tail , $short-.2 , and I could not say/VB which/WDT counts/VBZ for "
                "more/JJR .",
            ),
            ("neutral", "$thing might turn/VB out/RP to be $adj ; $soon ."),
            ("neutral", "$someone_known asked me whether $fact $tail? , and $no_idea ."),
            (
                "neutral",
                "If $thing is $adj when $person comes/VBZ $next_day , we will let/VB you know/VB .",
            ),
        ),
    ),
)
