"""Given names that are said for one another, in groups: general knowledge, all without diacritics."""

from __future__ import annotations

_GROUPS = """
abigail abby gail | abraham abe bram | adam ad | agnes aggie | albert al bert bertie
alexander alex al sandy sasha xander lex | alexandra alex sandra sandy sasha lexi
alfred al fred alf freddie | alice ali | alison ali | amanda mandy | andrew andy drew | andreas andy
angela angie | ann anne anna annie nan nancy | anthony tony ant | antonio tony toni | arthur art
augustus gus | barbara barb babs barbie | bartholomew bart | beatrice bea trixie | belinda bel linda
benedict ben | benjamin ben benny benji | bernard bernie | bradley brad | bridget biddy | calvin cal
cameron cam | carolyn caroline carol carrie lynn
catherine katherine kathryn katharine cathy kathy kate katie kat kitty cate kay trina
cecilia celia cissy | charles charlie chuck chas | charlotte charlie lottie | christian chris
christina christine chris chrissy tina | christopher chris kit topher | clarence clare | clifford cliff
clinton clint | constance connie | cornelius neil con | curtis curt | cynthia cindy | daniel dan danny
david dave davey | deborah debra deb debbie | denise dennie | dennis denny | desmond des
dominic dom nick | donald don donnie | dorothy dot dottie dolly | douglas doug | edgar ed eddie
edmund ed eddie ned | edward ed eddie ned ted teddy | edwin ed eddie | eleanor ellie nell nora
elizabeth liz lizzie beth betty betsy bess eliza lisa libby elsie liza | emily em emmy | emma em
ernest ernie | eugene gene | evelyn evie | florence flo florrie | frances fran frannie francie
francis frank fran | francisco paco pancho frank | franklin frank
frederick fred freddie freddy rick fritz | gabriel gabe | gabrielle gabby | geoffrey jeffrey geoff jeff
george georgie | gerald gerry jerry | gerard gerry jerry | gertrude trudy | gilbert gil bert | gordon gord
gregory greg | guillermo memo bill | gwendolyn gwen | harold hal harry | harriet hattie
helen nell nellie ellen | henry hank harry hal | herbert herb bert | howard howie | hubert bert hugh
ignacio nacho | irving irv | isaac ike zac | isabella isabel bella izzy belle | jacob jake jack
jacqueline jackie | james jim jimmy jamie jimbo | jane janie | janet jan | jasmine jas | jason jay
jean jeanne jeannie | jennifer jen jenny jenn | jeremiah jerry | jeremy jerry jem | jerome jerry
jesse jess | jessica jess jessie | joan joanie | joanna joanne jo | jonathan jon johnny nathan
john jack johnny jon jock | joseph joe joey jos | josephine jo josie | jose pepe | joshua josh | joyce joy
judith judy jude | julia julie jules | julian jules | karen kari | katrina trina kat | kenneth ken kenny
kimberly kim kimmy | larry lawrence laurence lars laurie | laura laurie lori | leonard len lenny leo
leroy roy | leslie les | lillian lil lily | linda lindy lyn | louis lou louie lewis | louise lou lulu
lucas luke | lucille lucy | lydia lyddie | lynn lynne | madeleine maddie | magdalena magda lena
malcolm mal | manuel manny manolo | marcus marc mark
margaret maggie meg peggy marge margie greta madge daisy rita | maria mary mia mari | marilyn mary
marjorie marge margie | martha marty | martin marty | marvin marv | mary molly polly mamie
matthew matt matty | matthias matt | maurice moe morris | maximilian max | maxwell max | megan meg
melanie mel | melissa mel lissa missy | melvin mel | michael mike mick mickey mikey mitch
michelle shelly | mildred millie | mitchell mitch | mohammed mohammad muhammad mohamed mo | morgan mo
nancy nan | natalie nat | nathan nate nat | nathaniel nate nat nathan | nicholas nick nicky nico klaus
nicole nicky nikki | norman norm | oliver ollie | olivia liv | oscar ozzie | pamela pam
patricia pat patty trish tricia | patrick pat paddy rick | paul paulie | paula polly | peter pete
philip phillip phil pip | phyllis phyl | priscilla prissy | rachel rach | ralph raf
randall randolph randy | raphael rafael rafi rafa | raymond ray | rebecca becky becca
reginald reg reggie | richard dick rick rich ricky richie | robert bob rob bobby robbie bert
roberta bobbie robbie | roderick rod | rodney rod | roger rog | roland rollie | ronald ron ronnie
rosemary rose rosie | russell russ rusty | ruth ruthie | samantha sam | samuel sam sammy | sandra sandy
sarah sara sally sadie | scott scottie | sebastian seb bas | sharon shari | sheldon shelly
sidney sydney sid syd | simon si | sophia sophie sofia | stanley stan | stephanie steph steffi
stephen steven steve stevie | stuart stewart stu | susan suzanne susanna sue susie suzie suzy
sylvester sly | terence terrance terry | teresa theresa terry tess tracy | thaddeus thad ted
theodore ted teddy theo | thomas tom tommy | timothy tim timmy | tobias toby | ursula uschi | valerie val
vanessa nessa | veronica ronnie vera | victor vic | victoria vicky tori | vincent vince vinny
virginia ginny ginger | vivian viv | walter walt wally | warren ren | wendy wen | wesley wes
wilfred will fred | wilhelm willi willy | william will bill billy willy liam | winifred winnie freda
woodrow woody | zachary zach zack | johannes hans johann | joachim jochen achim | josef sepp jupp
friedrich fritz fred | heinrich heinz | katharina kathrin käthe | giuseppe beppe peppe | giovanni gianni
lorenzo enzo | francesco franco | aleksandr sasha alexander | dmitry dmitri dima | vladimir vova volodya
mikhail misha | nikolai kolya | ivan vanya | sergei sergey | yevgeny evgeny zhenya eugene
ekaterina katya kate | anastasia nastya | natalia natasha | tatiana tanya | maria masha | jan johan
cornelis kees | hendrik henk | jacobus koos jaap | pieter piet
"""


def _table() -> dict[str, frozenset[int]]:
    table: dict[str, set[int]] = {}
    for number, group in enumerate(_GROUPS.replace("\n", "|").split("|")):
        for name in group.split():
            table.setdefault(name, set()).add(number)
    return {name: frozenset(groups) for name, groups in table.items()}


_GROUP_OF = _table()
_NONE: frozenset[int] = frozenset()


def groups_of(name: str) -> frozenset[int]:
    """The groups that a given name (lower case, no diacritics) stands in, by their numbers."""
    return _GROUP_OF.get(name, _NONE)


def said_for_one_another(one: str, other: str) -> bool:
    """Whether both given names (lower case, no diacritics) stand in one group: `bob`, `robert`."""
    return not groups_of(one).isdisjoint(groups_of(other))
