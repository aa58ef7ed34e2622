"""Common given names and family names, to tell one from the other and both from other words.

Given names: the United States Census Bureau's public-domain name files of 1990 (those of at least 5 in
100,000 people, less those that are family names twice as often), and names from other countries.
Family names: the same source, the most frequent 2,000. All in lower case, without diacritics.

A name that is not here is a name all the same; the tables only settle doubts.
"""

from __future__ import annotations

from firstcontact.interactions.words import word_set

GIVEN = word_set(
    """
    aaron abbie abby abdul abdullah abe abel abigail abraham abram achieng achim ada adalberto adam adan
    addie adebayo adela adelaide adele adelina adeline adell aditya adolfo adolph adriaan adrian adriana
    adrianne adrienne agata agatha agnes agneta agnieszka agustin ahmad ahmed ahmet aida aiden aiko aileen
    ailsa aimee aisha ajay akash akira al alain alaina alan alana alasdair alba albert alberta alberto
    alden aldo alec alecia alejandra alejandro aleksandar aleksander aleksandr aleksandra aleksei alena
    alene ales alessandro aletha alex alexa alexander alexandra alexandre alexandria alexei alexey alexis
    alfonso alfonzo alfred alfreda alfredo ali alice alicia alicja alina aline alisa alisha alison alissa
    allan allen allene allie allison allyson alma alois alonzo alpha alphonse alphonso alta althea alton
    alun alva alvaro alvin alvina alyce alyson alyssa amado amalia amanda amara amber amelia amelie amie
    amina amir amit amitabh amos amparo amy ana anand ananya anastasia anatoly anders andra andre andrea
    andreas andrei andres andrew andrey andria andrzej andy aneta angel angela angelia angelica angelina
    angeline angelique angelita angelo angharad angie anibal anil anissa anita anja anjali anke ankit ann
    anna annabelle annamarie anne anneke annemarie annemieke annetta annette annie annika annmarie anthony
    antionette antoine antoinette anton antone antonella antonette antonia antonio antony antwan anusha
    aoife april araceli archie aretha ariana ariel arjan arjun arkady arleen arlene arline armand armando
    armin arnaud arne arnold arnulfo aron arron art artem arthur arturo aruna arvind asa asaf ashlee
    ashleigh ashley ashok asia assaf astrid athena attila aubrey audra audrey august augusta augustine
    augustus aura aurelia aurelie aurelio aurora austin autumn ava avery avi avis axel ayden aylin ayse
    balazs baptiste barb barbara barbra baris barney barry bart bartosz bas basil beata beatrice beatriz
    beau becky bela belen belinda bella belle belva ben bengt benita benito benjamin bennie benny benoit
    bernadette bernadine bernard bernardo bernd bernhard bernice bernie berniece bert berta bertha bertie
    bertil bertram beryl bess bessie beth bethany betsy bette bettie bettina betty bettye beulah beverley
    beverly bianca bill billie billy birdie birgit birgitta bjorn blaine blake blanca blanche bo bob bobbi
    bobbie bobby bogdan boguslaw bohumil bonita bonnie boris borivoj borje bozena brad bradford bradley
    bradly brady brain bram branden brandi brandie brandon brandy brant brayden breanna brenda brendan
    brendon brenna brent brenton bret brett brian briana brianna brianne brice bridget bridgett bridgette
    brielle brigitte britney britt brittany brittney brooke bruce bruno bryan bryce bryn bryon bud buddy
    buford burak burkhard burl burt byron caden caio caitlin caleb callie callum calvin cameron camila
    camilla camille can candace candi candice candida candy cara caren carey cari caridad carissa carl
    carla carlene carlo carlos carlton carly carmel carmela carmelita carmella carmelo carmen carmine
    carol carole carolina caroline carolyn carrie carrol carroll carter cary caryn carys casandra casey
    cassandra cassie catalina cathal catharine catherine cathleen cathrine cathryn cathy catrina catriona
    cecelia cecil cecile cecilia cedric cees celeste celestine celia celina celine cem cesar chad chadwick
    chance chandra chanel chantal chantel charity charla charleen charlene charles charley charlie
    charline charlotte charmaine chase chasity chastity chauncey chelsea chelsey cheri cherie cherry
    cheryl chester chet chi chiara chidi chinedu chioma chiquita chloe chong chris christa christal
    christen christer christi christian christiane christie christin christina christine christoper
    christoph christophe christopher christy chrystal chuck chung ciara ciaran cillian cindi cindy clair
    claire clara clare clarence clarice clarissa claude claudette claudia claudine claudio claus clay
    clayton clement clementine cleo cletus cleveland cliff clifford clifton clint clinton clyde cody colby
    coleen colette colin colleen collette collin columbus concepcion concetta connie conor conrad
    constance consuelo cooper cora cordelia corey cori corina corine corinne cormac cornelia cornelius
    cornell corrie corrine cortney cory courtney coy craig cristal cristian cristiano cristina cristy
    crystal csaba curt curtis cy cynthia cyril cyrus czeslaw daan dafydd dag dagmar daisuke daisy dale
    dalia dallas damaris damian damien damion damon dan dana dane danelle danette danial daniel daniela
    danielle danita danna dannie danny dante danuta daphne dara darcy daren darin dario darius dariusz
    darla darleen darlene darnell darragh darrel darrell darren darrick darrin darryl darwin daryl dave
    david davide dawn dayna dean deana deandre deann deanna deanne debbie debby debi debora deborah debra
    debrah declan dee deena deepa deepak deidra deidre deirdre delbert delfina delia delilah della delma
    delmar delmer delois delores deloris delphine demarcus demetria demetrius dena denice denis denise
    deniz dennis denny denver deon derek derick derrick desiree desmond dessie destiny detlef devin devon
    dewayne dewey dewitt dexter diana diane diann dianna dianne dick didier diego dieter dietmar dilys
    dimitris dina dinah dino dion dionne dirk divya dixie dmitri dmitry dollie dolly dolores dominga
    domingo dominic dominick dominique don dona donald dong donn donna donnell donnie donny donovan donte
    dora dorcas doreen dorene doretha dorian doris dorota dorothea dorothy dorris dortha dorthy dottie
    doug douglas dov dovie doyle dragan dragos drew duane dudley dulce duncan dusan dustin dusty dwain
    dwayne dwight dylan eamon earl earle earlene earline earnest earnestine easter eberhard ebony eckhard
    ed eddie eddy edgar edgardo edith edmond edmund edna eduardo edward edwardo edwin edwina edythe eero
    effie efrain efren ehud eileen einar eitan ekaterina elaine elba elbert elda eldon eleanor eleanore
    elena eleni eleri eli elia elias elida elif elijah elin elinor elisa elisabeth elise eliseo elisha
    eliska elissa eliza elizabeth elke ella ellen ellie elliot elliott elma elmer elmo elnora elodie
    eloisa eloise elouise eloy elsa elsie elton elva elvia elvin elvira elvis elwood elyse elzbieta
    emanuel emeka emerson emery emi emil emile emilia emilie emilio emily emma emmanuel emmett emory emre
    emrys endre enid enoch enrique enzo eoin erdem eric erica erich erick ericka erik erika erin erkki
    erlinda erma erna ernest ernestina ernestine ernesto ernie ernst errol ervin erwin esmeralda esperanza
    esra essie esteban estela estella estelle ester esther eszter ethan ethel etienne etta eugene eugenia
    eugenio eula eulalia eunice eunji eva evan evangelina evangeline eve evelyn everett everette evette
    evgeny ewa ewan ewelina ezra fabian fabien fabio fabiola fabrice fabrizio faith fannie fanny fatima
    fatma faustino fay faye federica federico felecia felicia felicita felipe felix femi femke ferdinand
    ferenc fergus fermin fern fernanda fernando ffion fidel filippo filomena finlay finn fiona fionn flo
    flor flora florence florencio florian florin florine flossie floy floyd folake forest forrest fran
    frances francesca francesco francine francis francisca francisco francois frank frankie franklin frans
    frantisek franz fred freda freddie freddy frederic frederick fredric fredrick fredrik freida frida
    frieda friedrich fritz fyodor gabor gabriel gabriela gabriele gabriella gabrielle gail gal gale galen
    galina ganesh gareth garfield garland garrett garry garth gary gaurav gavin gay gaye gayla gayle geert
    geeta gena genaro gene geneva genevieve gennady genoveva geoffrey georg george georgette georgi
    georgia georgiana georgianna georgina geraint gerald geraldine geraldo gerard gerardo gerd gergely
    gerhard geri germaine german gerri gerrit gerry gert gertie gertrude gethin gheorghe gianluca gianni
    giannis gijs gil gilbert gilberto gilda gilles gillian gina ginger ginny gino giorgio giorgos giovanni
    gisela giulia giuseppe gladys glen glenda glenn glenna gloria goldie gonzalo gopal goran gordon
    gottfried grace gracie graciela grady grainne grant grayson grazyna greg gregg gregoria gregorio
    gregory greta gretchen grigory griselda grover grzegorz guadalupe guenter guillaume guillermina
    guillermo gul gunilla gunnar gunter gunther gus gussie gustav gustavo guy gwen gwendolyn gwyneth
    gyorgy gyula hakan hal haley halina hallie hamish hana hank hanna hannah hanne hannes hans hao harald
    hari harish harlan harley harm harold harper harri harriet harriett harriette harry hartmut haruka
    haruki harvey hasan hassan hattie haydee hayley hazel heath heather hector heidi heike heiko heiner
    heinrich heinz heitor helen helena helene helga helle hellen helmut hendrik henk henning henrietta
    henrik henry henryk herbert heriberto herlinda herman hermann herminia herschel hershel herve hester
    hilario hilary hilda hilde hildegard hillary hipolito hiram hiroko hiroshi holger hollie hollis holly
    homer hong hope horace horacio horia horst hortencia howard hua hubert hudson huey hugh hugo hui
    humberto hung hunter huseyin hussein huw hyun iain ian ibrahim ida idella ieuan ifeoma ignacio igor
    ike ila ildiko ilene ima imelda imogene imre ina india ines inez ingeborg inger ingo ingrid ingvar
    inna ioan ioana iola ion iona ione ionut ira irena irene irina iris irma irvin irving irwin isaac
    isabel isabell isabella isabelle isaiah isaias isiah isidro isla ismael israel issac istvan itai iulia
    iva ivan ivana ivette ivo ivonne ivory ivy iwona jaap jacek jack jackie jacklyn jackson jaclyn jacob
    jacque jacquelin jacqueline jacquelyn jacques jacquline jade jaden jadwiga jae jaime jake jakub jamaal
    jamal jamar jame jamel james jamey jami jamie jan jana jane janel janell janelle janet janette janice
    janie janina janine janis janna jannette jannie janos janusz jaqueline jared jari jarmila jaroslav
    jaroslaw jarred jarrett jarrod jarvis jasmin jasmine jason jasper javier jay jayden jayme jayne jayson
    jean jeana jeanette jeanie jeanine jeanna jeanne jeannette jeannie jeannine jed jeff jefferey jeffery
    jeffrey jeffry jelena jena jenifer jenna jennie jennifer jenny jens jerald jeremiah jeremy jeri
    jermaine jeroen jerold jerome jerri jerrod jerrold jerry jerzy jesica jess jesse jessica jessie jesus
    jewel jewell jie jihoon jill jillian jim jimena jimmie jimmy jindrich jing jiri jisoo jitka jo joachim
    joan joann joanna joanne joao joaquin jocelyn jochen jodi jodie jody joe joel joelle joerg joesph joey
    johan johann johanna johannes john johnathan johnathon johnie johnna johnnie johnny jolanta jolene jon
    jonah jonas jonathan jonathon joni joost jordan jorg jorge jorgen joris jose josef josefa josefina
    joseph josephine josette josh joshua josiah josie josue jovan jovita joy joyce jozef jozsef juan juana
    juanita jude judi judit judith judson judy juergen juha jules juli julia julian juliana julianna
    julianne julie julien juliet juliette julio julius jun june jung junior jurgen justin justina justine
    justyna jutta kai kaisa kaitlin kaitlyn kalman kamau kamil kamila kaori kara kareem karen kari karin
    karina karl karla karol karolina karoly karon karrie karsten karthik karyn kasey kat katalin katarzyna
    kate katelyn katerina katharina katharine katherine katheryn kathi kathie kathleen kathrine kathryn
    kathy katie katina katja katrin katrina katy kavita kay kaye kayla kaylee kazimierz kazuo keenan kees
    keiko keisha keith kelley kelli kellie kelly kelsey kelvin kemal ken kendall kendra kendrick kenji
    kenneth kennith kenny kent kenta kenton kenya keri kermit kerri kerrie kerry kerstin kesha keshia
    keven kevin khaled khalid kia kieth kim kimberlee kimberley kimberly kinga kip kira kiran kirby kirill
    kirk kirsten kirsti kirsty kisha kitty kjell klaus knut koen kofi konrad konstantin konstantinos kory
    kostas kris krista kristal kristen kristi kristie kristin kristina kristine kristopher kristy krystal
    krystle krystyna krzysztof ksenia kumar kurt kurtis kveta kwame kwasi kwesi kyla kyle kylie lacey
    lachlan lacy ladislav ladonna laetitia lakeisha lakesha lakisha lakshmi lamar lamont lan lana lance
    landon lanny laquita lara larisa larissa larry lars lashawn lashonda laszlo latanya latasha latisha
    latonia latonya latoya latrice latricia laura laurel lauren laurence laurent lauretta lauri laurie
    lavern laverne lavonne lawanda lawerence lawrence layla lazaro lea leah leandro leann leanna leanne
    lech lee leeann lei leif leigh leila leilani lela leland lelia lemuel len lena lenard lene lenka
    lennart lenny lenora lenore leo leola leon leona leonard leonardo leone leonel leonid leonie leonor
    leonora leopoldo leora leota leroy les lesa lesley leslie lessie lester leszek leta letha leticia
    letitia lettie lev levi lia liam liat libby libor lidia lieke lieve lila lilia lilian liliana lillian
    lillie lilly lily lina lincoln linda lindsay lindsey lindy ling linnea linwood lionel lior lisa liviu
    liz liza lizette lizzie llewellyn lloyd logan lois lola lolita lon lona lonnie lora loraine loren
    lorena lorene lorenzo loretta lori lorie lorine lorna lorraine lorri lorrie lothar lotte lottie lou
    louann louella louie louis louisa louise lourdes lowell lowri loyd luann luanne lubos luc luca lucas
    lucia luciano lucie lucien lucila lucile lucille lucinda lucio lucretia lucy ludmila ludovic luella
    luigi luis luisa luiz lukas lukasz luke lula luminita luna lupe lura luther lutz luuk luz lydia lyle
    lyman lyn lynda lyndon lynette lynn lynne lynnette lyubov ma maarten mabel mable mac maciej mack
    madeleine madeline madelyn madge madhu madison madonna mae maeve magda magdalena maggie magnus mahesh
    mahmoud mai mair mairead mairi major majorie makoto maksim malcolm malgorzata malin malinda malissa
    mallory mamie man mandi mandy manfred manish manoj manuel manuela mara marc marcel marcela marcelino
    marcella marcelle marcelo marci marcia marcie marcin marco marcos marcus marcy marek margaret
    margarita margarito marge margery margie margo margot margret marguerite mari maria mariah mariam
    marian mariana marianna marianne mariano maribel maricela marie marieke marietta marijke mariko
    marilyn marilynn marina marine mario marion marisa marisela marisol marissa marit maritza marius
    mariusz marja marjan marjorie marjory mark marketa markku marko markus marla marlena marlene marlin
    marlon marlyn marlys marquis marquita marsha marshall marta martha martijn martin martina marton marty
    marva marvin mary maryann maryanne marybeth maryellen maryjane marylou masako masato mason massimo
    mateus mateusz mathew mathieu mathilde matilda matilde matt matteo matthew matthias matti mattie maud
    maude maudie maura maureen maurice mauricio maurine maurizio mauro mavis max maxim maxime maximilian
    maximo maxine may maya mayme maynard mayra mckinley meagan mechthild meera megan meghan mehmet mei
    meir mel melanie melba melek melinda melisa melissa mellisa mellissa melodie melody melva melvin
    melvina menno mercedes meredith merle merlin merrill merry merve mervin mette mi mia micaela micah
    michael michaela michal micheal michel michele michell michelle michiko mickey mieczyslaw mieke
    migdalia miguel mihaela mihai mihaly mika mikael mike mikel mikhail mikko miklos mila milagros milan
    mildred milford milica millard millicent millie milo milos miloslav milton mimi mina mindy minerva
    ming minh minho minji minnie miodrag miranda mircea mireille miriam mirko mirna miroslav miroslaw
    missy misti misty mitch mitchel mitzi mohamed mohammad mohammed mohan moises mollie molly mona monica
    monika monique monte monty morag moritz morten moses moshe mozelle muhammad mukesh murat muriel murilo
    mustafa mwangi myles myra myrna myron myrtis myrtle nadav nadezhda nadia nadine nakia nan nancy
    nanette nannie naoko naomi napoleon nasser natalia natalie natalya natasha nathalie nathan nathaniel
    naveen neal ned nedra neha neil nelda nell nellie nelly nenad nereida nerys nestor nettie neva ngozi
    nia niamh nicholas nichole nick nicki nickolas nicky nicola nicolae nicolas nicole niels nigel nikhil
    niki nikita nikki niklas nikola nikolai nikolay nikos nilda nils nina nisha nita nkechi nneka noa noah
    noam noe noel noelle noemi noemie nola nolan nona noor nora norbert norberto noreen noriko norma
    norman normand numbers nuria obinna octavia octavian octavio odell odessa odis ofelia ofer ofra oisin
    oksana ola olaf olav ole oleg olen oleta olga olin olive oliver olivia olivier olle ollie olu olumide
    oluwaseun oma omar omer ona ondrej onur opal ophelia ora oralia oren orhan ori orit orjan orla orlando
    orval orville oscar osvaldo otakar otavio otha otis otto ovidiu owain owen oyvind ozgur pablo padraig
    paige paloma pam pamala pamela panagiotis pansy paola paolo par paris parker pascal pasquale pat
    patrica patrice patricia patrick patsy patti pattie patty paul paula paulette paulina pauline paulo
    pavel pavla pawel pearl pearlie pearline pedro peggy pekka penelope penny pentti per percy perla perry
    petar pete peter petr petra petros petter phil philip philippe phillip phillis philomena phoebe
    phyllis pia pierre piet pieter pietro pilar ping piotr piper piroska polina polly pooja porfirio
    portia pradeep prakash prasad praveen precious predrag preeti premysl preston pricilla princess
    priscilla priya przemyslaw qiang queen quentin quincy quintin quinton rachael racheal rachel rachelle
    radek radha radim radka radu rae rafael rafaela rafal rainer raj rajesh rajiv rakesh raleigh ralf
    ralph ram ramesh ramiro ramon ramona randal randall randell randi randolph randy rania raphael raquel
    rasmus raul raven ravi ray raymond raymundo razvan reba rebeca rebecca rebekah refugio reggie regina
    reginald regis reina reinaldo reiner reinhard reinhold remi rena renae renata renate renato renaud
    rene renee renita reta retha reuben reva rex reyna reynaldo rhea rhian rhiannon rhoda rhodri rhonda
    rhys ricardo riccardo richard richelle richie rick rickey rickie ricky rico rigoberto riitta rik riley
    rita rob robbie robbin robby robert roberta roberto robin robt robyn rocco rochelle rocio rocky rod
    roderick rodger rodney rodolfo rodrick rodrigo roel rogelio roger rohit roisin roland rolando rolf
    rolland roma romain roman romeo romona ron ronald ronan ronda ronen ronnie ronny roosevelt rory rosa
    rosalba rosalee rosalia rosalie rosalina rosalind rosalinda rosalyn rosanna rosanne rosario roscoe
    rose roseann roseanne rosella roselyn rosemarie rosemary rosendo rosetta rosie rosita roslyn ross
    rowena roxana roxann roxanna roxanne roxie roy royal royce ruairi ruben rubin ruby rudiger rudolf
    rudolph rudy rufus rune rupert ruslan russ russel russell rusty ruth ruthie ruud ryan ryder ryo
    ryszard sabina sabine sabrina sade sadie sakura sal sallie sally salma salvador salvatore sam samantha
    samatha samir sammie sammy samuel sandeep sander sandi sandor sandra sandrine sandy sanford sang sanja
    sanjay santa santiago santos santosh saoirse sara sarah sarita sarka sasa sasha saskia satish satoshi
    saul saundra savannah sawyer scot scott scottie scotty seamus sean sebastian sebastien selena selim
    selina selma serena serge sergei sergey sergio serkan seth severine sevgi seymour shai shana shanda
    shane shankar shanna shannon shanon shantel shanti shari sharlene sharon sharonda sharron sharyn shaun
    shauna shawn shawna shayla shayne sheena sheila shelby sheldon shelia shelley shelli shellie shelly
    sheree sheri sherman sherri sherrie sherry sheryl shiela shinji shira shirley shlomo shmuel shonda
    shreya sian sibel sid sidney siegfried sierra signe sigrid silas silke silvano silvia simon simona
    simone sinead siobhan sipho siri sjoerd skylar slawomir slobodan sneha snezana socorro sofia sol
    solange soledad solomon son sondra sonia sonja sonny sonya soojin sophia sophie soren sorin spencer
    srdjan srinivas stacey staci stacia stacie stacy stan stanford stanislav stanislaw stanley stavros
    stefan stefania stefanie stefano steffen stella sten stepan stephan stephane stephanie stephany
    stephen stephenie sterling steve steven stevie stig stijn struan stuart sue summer sun sung sunhee
    sunil sunny suresh susan susana susanna susanne sushma susie suzan suzanna suzanne suzette svein sven
    svetlana swati sybil sybille sydney sylvain sylvester sylvia sylvie sylwia szymon tabatha tabitha tad
    tadeusz takashi takeshi tal tamar tamara tamas tameka tamela tamera tami tamika tammi tammie tammy
    tamra tana tania tanisha tanja tanya tao tara tariq taro taryn tasha tatiana tatyana tawana ted teddy
    tegan temitope tena teodoro tera terence teresa teresita tereza teri terra terrance terrell terrence
    terri terrie terry tessa tessie teun thabo thad thaddeus thanh thea theda thelma themba theo theodora
    theodore theresa therese theron thiago thibault thierry thijs thomas thorsten thurman tia tiago tiana
    tiara tibor tiffani tiffany tijmen tillie tim timmy timo timothy timur tina tisha tobias toby tod todd
    tom tomas tomasa tomasz tomer tommaso tommie tommy tomoko tone toni tonia tonja tony tonya tor
    torbjorn tore tori torsten tory tosha tracey traci tracie tracy travis trent trenton treva trevor trey
    tricia trina trinidad trisha trista tristan troy trudy truman tudor tunde twila twyla ty tyler tyra
    tyree tyrell tyron tyrone tyson tzvi udo ulf uli ulla ulrich ulrike ulysses uma umberto umit una uri
    ursula urszula ute uwe vaclav vada vadim val valarie valencia valentin valentina valeria valerie
    valerio valery valorie van vance vandana vanessa varun vasile vasilis vasily veda velda velma venessa
    venkat venus vera verda verla vern verna vernell vernice vernon veronica veronique vesa vesna vesta
    vic vicente vicki vickie vicky victor victoria vida vijay vikki vikram viktor viktoria ville vilma
    vinay vince vincent vincenzo vinicius vinod viola violet violeta virgie virgil virgina virginia
    virginie vishal vit vitaly vito vitor vivek vivian viviana vlad vladan vladimir vladislav vlasta
    vojtech volker vonda vyacheslav waclaw wade wagner waldemar waldo wallace walter wanda wanjiru warren
    wayne wei weldon wendell wendi wendy werner wesley weston whitney wieslaw wilbert wilbur wilburn wilda
    wiley wilford wilfred wilfredo wilfried wilhelm wilhelmina will willa willard willem william willie
    willis willy wilma wilmer wilton winfred winfried winifred winnie winona winston witold wladyslaw wm
    wojciech wolfgang woodrow wouter wyatt xavier xiao xiaoming ximena xin yaakov yadira yael yair yan
    yana yang yann yannick yannis yaron yaroslav yasin yasmin yehuda yekaterina yelena yesenia yevgeny
    ying yitzhak yoav yoko yolanda yonatan yong yoshiko yossi youngsoo youssef yu yuki yulia yumi yuri
    yury yusuf yuval yves yvette yvonne zachariah zachary zachery zack zainab zane zbigniew zdenek zdenka
    zdzislaw ze'ev zehra zelda zella zelma zenaida zeynep zhen zoe zoey zofia zoila zoltan zoran zoya
    zsofia zsolt zsuzsa zuri zuzana zygmunt
    """
)
FAMILY = word_set(
    """
    abbott abernathy abrams acevedo ackerman acosta adair adams addison adkins aguilar aguirre akers akins
    albright aldrich aldridge alfaro alford allen allred alston alvarado alvarez ambrose ames anaya
    andersen anderson andrade andrews aragon archer arellano arias armstrong arredondo arrington arroyo
    ash ashby askew atkins atkinson atwood austin avery avila ayala ayers babb babcock baca bacon baez
    bailey bain baird baker baldwin ball ballard banks barajas barber barker barlow barnard barnes barnett
    barnhart barr barrera barrett barron barrow bartlett bartley barton bass bassett bateman bates battle
    bauer bautista baxter beach beal bean beard beasley beatty beaver beck becker begay belanger belcher
    bell bellamy beltran benavides bender benitez bennett benson bentley benton berg berger bergeron
    bergman bermudez bernal berry best betts biggs billings bingham bird bishop black blackburn blackman
    blackmon blackwell blair blanchard blanco bland blankenship blanton bledsoe blevins bliss block bloom
    blount blue boggs bolden bolton bond bonds bonilla bonner booker boone booth boston boswell bouchard
    boucher boudreaux bourgeois bowden bowen bower bowers bowles bowling bowman boyce boyd boyer boykin
    boyle bradford bradshaw brady bragg branch brand brandt brantley braun bravo bray brennan brewer
    brewster bridges briggs bright britt britton brock brooks broussard brown browne browning bruner
    brunson bryant bryson buchanan buck buckley buckner bullard bullock bunch burch burger burgess burgos
    burke burkett burks burnett burnette burns burr burrell burris burroughs burt burton busby bush
    butcher butler butts byers bynum byrd byrne cabrera cahill cain calderon caldwell calhoun call
    callahan calloway calvert camacho camp campbell campos cannon cano cantrell cantu capps cardenas
    carlisle carlson carmichael carney caron carpenter carr carrier carrillo carroll carson carter
    cartwright carver case cash cassidy castaneda castillo castle castro cates caudill cervantes chacon
    chamberlain chambers champagne champion chan chandler chaney chang chapman chappell chase chatman
    chavez chen cherry childers childress childs chin cho choi christensen christiansen chu chung church
    cisneros clark clarke clay clements clemons cline coates cobb cochran coffey coffman cohen coker
    colbert cole coleman coley collier collins colon colvin combs comer compton conklin conley conn
    connell connelly conner connolly connor connors contreras conway cook cooke cooley coon cope copeland
    corbett corbin corcoran cordero cordova corley cormier cornett corona correa cortes cortez costa
    costello cote cotton couch coulter covington cowan cox crabtree craft crain cramer crandall crane
    crawford crenshaw crews crocker crockett crosby cross crouch crow crowder crowe crowell crowley crum
    crump cruz cuevas cullen culver cummings cummins cunningham curran currie curry dahl dailey daley
    dalton daly daniels darby darden darling daugherty davenport davidson davies davila davis davison
    dawkins dawson day deal decker dejesus delacruz delaney delarosa deleon delgado delong dempsey
    dennison denton devine dewitt diamond diaz dickens dickerson dickey dickinson dickson diggs dill
    dillard dillon dixon dobson dodd dodge dodson doherty dolan dominguez donahue donaldson donnelly
    donovan dooley doran dorsey doss dotson doty dougherty dove dow dowdy downey downing downs doyle drake
    draper driscoll driver drummond duarte dubois dudley duffy dugan duke dukes dumas dunbar duncan dunham
    dunlap dunn dupree duran durham dutton duvall dwyer dye dyer early easley eason eastman eaton echols
    edmonds edwards egan elder eldridge elkins elliott ellis ellison elmore emerson engel england engle
    english enriquez epps erickson escobar esparza espinosa espinoza esposito estes estrada eubanks evans
    ewing fair farley farmer farr farrell farris faulk faulkner feldman feliciano felton fenton ferguson
    fernandez ferreira ferrell ferris field fields figueroa finch fink finley fischer fish fisher fitch
    fitzgerald fitzpatrick flanagan fleming fletcher flint flood flores flowers flynn foley fontenot foote
    forbes ford foreman foster fountain fournier fowler fox franco franks fraser frazier freeman french
    frey friedman friend fritz frost fry frye fuentes fuller fulton funk gage gagne gagnon gaines galindo
    gallagher gallegos gallo galloway galvan gamble garcia gardner garner garrett garrison garza gaston
    gates gay gee geiger gentry gibbons gibbs gibson gifford giles gill gillespie gilliam gillis gilmore
    gipson givens glass gleason glover goddard godfrey godwin goff goins gold goldberg golden goldman
    goldsmith goldstein gomes gomez gonzales gonzalez good goode goodman goodrich goodson goodwin gore
    gorman goss gould graham granger grant graves gray green greenberg greene greenwood greer griffin
    griffith griggs grimes grimm gross grove groves grubbs guerra guerrero guevara guidry gunn gustafson
    guthrie gutierrez guzman haas hackett hadley hagan hagen hager hahn haines hairston hale haley hall
    ham hamilton hamlin hamm hammer hammond hampton hancock hand haney hankins hanks hanley hanna hansen
    hanson harden hardin harding hardy hare hargrove harmon harrell harrington harris harrison hart
    hartley hartman haskins hastings hatch hatcher hatfield hathaway hawk hawkins hayden hayes haynes hays
    haywood head healy heard hearn heath hebert hedrick heller helms helton hemphill henderson hendricks
    hendrickson hendrix henley hensley henson hernandez herndon herrera herring herrington herron hess
    hester hewitt hickey hickman hicks higgins hightower hill hilliard hilton hines hinkle hinson hinton
    ho hobbs hobson hodge hodges hoffman hogan hogue holbrook holcomb holden holder holland holley
    holliday hollingsworth holloway holman holmes holt honeycutt hood hooker hooks hooper hoover hopkins
    hopper horn horne horner horton hoskins house houser houston howe howell hoyt hubbard huber huddleston
    huerta huff huffman huggins hughes hull humphrey hunt hunter hurd hurley hurst hurt hutchins
    hutchinson hutchison hutton huynh hyatt hyde ibarra ingram inman irwin ivey jackson jacobs jacobsen
    jacobson jamison jaramillo jarrett jarvis jeffers jefferson jeffries jenkins jennings jensen jernigan
    jimenez johns johnson johnston joiner jolly jones jordan jorgensen joyner juarez judd justice kaiser
    kane kaplan katz kauffman kaufman kearney keen keenan keene keller kelley kemp kennedy kenney kern
    kerns kerr kessler key keyes keys khan kidd kilgore kimball kimble kincaid king kinney kirby kirkland
    kirkpatrick kiser klein kline knapp knight knowles knox knutson koch koehler koenig kraft kramer
    krause krueger kruse kuhn kurtz lackey ladd ladner laird lake lam lamb lambert lancaster land landers
    landis landry lane lang lange langford langley langston lanier lara larkin larsen larson lassiter
    latham law lawson lay le leach leal leary leblanc ledbetter ledford lee lehman levine levy lewis light
    lim lin link little livingston locke lockett lockhart lockwood logan london long longoria looney lopez
    lord lott love lovell lovett lowe lowery lowry lozano lucas lucero lugo lujan luna lund lundy lunsford
    lusk lyles lynch lyon lyons macdonald macias mack mackey madden maddox madison madrid magee maher
    mahoney major maldonado malone maloney manley mann manning mansfield marcum marin marino marks marquez
    marrero marsh marshall martin martinez mason massey masters mata mathews mathis matos matthews maurer
    maxwell may mayberry mayer mayes mayfield maynard mayo mays mcallister mcbride mccabe mccain mccall
    mccann mccarthy mccarty mccauley mcclain mcclellan mcclendon mcclure mccollum mcconnell mccord
    mccormick mccoy mccracken mccray mccullough mcdaniel mcdermott mcdonald mcdonough mcdowell mcelroy
    mcfadden mcfarland mcgee mcghee mcgill mcginnis mcgowan mcgrath mcgraw mcguire mcintosh mcintyre mckay
    mckee mckenna mckenzie mckinley mckinney mckinnon mcknight mclain mclaughlin mclean mcleod mcmahon
    mcmanus mcmillan mcmullen mcnair mcnally mcnamara mcneal mcneil mcneill mcpherson mcqueen mcrae
    mcwilliams mead meade meadows means medeiros medina medrano meeks meier mejia melendez melton mendez
    mendoza mercado mercer merrill merritt messer metcalf metz meyer meyers meza michaud middleton miles
    miller milligan mills mims miner minor mitchell mobley mock mohr molina monroe montano montes
    montgomery montoya moody moon mooney moore mora morales moran moreland moreno morgan morin morris
    morrison morrow morse morton moseley moser mosley moss moyer mueller mullen muller mullins muniz munoz
    munson murdock murillo murphy murray myers myrick nadeau nance napier naquin nash nava navarro neal
    neely neff negron nelson newell newman newsome newton nguyen nichols nicholson nickerson nielsen
    nieves nix nixon noble nolan norris north norton norwood novak nunez oakes oakley obrien ochoa
    oconnell oconnor odom odonnell ogden ohara oleary oliver olsen olson oneal oneil oneill orozco orr
    ortega ortiz osborn osborne otero ott ouellette overton owens pace pacheco pack padgett padilla pagan
    page painter palacios palmer parham park parker parks parr parra parrish parson parsons pate patel
    patterson patton paulson payne payton peacock pearce pearson peck pelletier pena pendleton penn
    pennington peoples perdue pereira perez perkins perry person peters petersen peterson pettit petty
    pham phelps phillips phipps pickens pickett pierce pierson pike pina pineda piper pittman pitts platt
    plummer poe polk pollard pollock ponce pool poole pope porter posey post potter potts powell powers
    prater prather pratt prescott presley price prince pritchard pritchett proctor pruitt pryor puckett
    pugh purcell purvis putnam quick quinn quinones quintana quintero ragland raines rainey ramey ramirez
    ramos ramsey randle rangel rankin ransom rasmussen ratliff read reagan reaves redmond reece reed
    reeder reese reeves reid reilly reyes reyna reynolds rhoades rhodes rice rich richards richardson
    richey richmond richter ricks riddle riggs riley rios ritchie ritter rivas rivera rivers roach roark
    robbins roberson roberts robertson robinson robison robles rocha rock rodgers rodrigues rodriguez
    rodriquez roe rogers rojas rollins roman romano romero romo root roper rosado rosales rosas rosen
    rosenberg ross rossi roth rouse rowe rowell rowland rubin rubio rucker rudd ruffin ruiz rush rushing
    russo rutherford rutledge sadler saenz salas salazar saldana salgado salinas salter sampson sams
    samuels sanchez sanders sanderson sandoval sands sanford santana santiago santos sapp sargent saunders
    savage schaefer schafer schaffer schmidt schmitt schmitz schneider schroeder schultz schulz schwartz
    scruggs seals sears seay segura self sellers serrano sewell sexton seymour shafer shaffer shapiro
    sharp sharpe shaver shaw shea shearer sheehan sheets sheffield shelton shepard shepherd sheppard
    sheridan sherwood shields shipley shipman shoemaker shook short shultz siegel silva silver simmons
    simms simons simpson sims sinclair singer singh singleton sizemore skaggs skinner slater slaughter
    sloan small smallwood smart smiley smith sneed snell snider snow snyder solis solomon sorensen sosa
    soto souza spangler sparks spaulding spears spence spencer spicer spivey sprague springer stafford
    stahl staley stallings stanford stanton staples stapleton stark starks starnes starr staton steele
    stein steiner stephens stephenson stern stevens stevenson steward stewart stiles stinson stokes stone
    story stout stovall stover stratton street strickland stringer strong stroud stubbs suarez suggs
    sullivan summers sumner sutherland sutton swain swan swanson swartz sweeney sweet swenson swift sykes
    tabor tackett talbot talley tanner tapia tate tatum taylor teague temple thacker thayer thomason
    thompson thomson thorne thornton thorpe tidwell tilley tillman timmons tipton tobin tolbert tomlinson
    tompkins toney torres tovar townsend tran trejo trevino triplett tripp trotter trujillo tucker turner
    tuttle underwood valdez valencia valentine valenzuela valle vance vang vann vargas varner vasquez
    vaughan vaughn vazquez vega vela velasquez velazquez velez ventura vick vickers vigil villa villalobos
    villanueva villarreal villegas vinson vogel vogt voss waddell walden waldron walker wall wallace
    waller walls walsh walters walton wang ward ware warner washburn washington waters watkins watson
    watts weaver webb webber weber webster weeks weir weiss welch wells welsh werner west westbrook weston
    whalen whaley wheeler whitaker white whitehead whitfield whitley whitlock whitman whitt whittaker
    whitten wiggins wilcox wilder wiley wilkerson wilkes wilkins wilkinson williams williamson willis
    wills wilson winkler winn winslow winter winters wise wiseman witherspoon witt wolf wolfe wolff womack
    wong wood woodall woodard woodruff woods woodson woodward woody wooten workman worley wray wright wu
    wyatt wynn xiong yang yarbrough yates yazzie ybarra yeager yoder york young youngblood yu zamora
    zapata zavala ziegler zimmerman zuniga
    """
)
