"""Tables of hosts, beside the packaged lists: what those lack, and what they call by a wrong name.

General knowledge of mail providers as of 2026; see docs/decisions/domain-lists.md for how each packaged
list was judged. A table entry is a host in lower case; families are labels that stand before any public
suffix (`hotmail` is `hotmail.com`, `hotmail.co.uk`, `hotmail.fr` …).
"""

from __future__ import annotations

from firstcontact.interactions.words import word_set

FREE_MAIL_FAMILIES = word_set(
    """
    gmail googlemail hotmail outlook live msn windowslive yahoo ymail rocketmail aol gmx protonmail yandex
    fastmail tutanota zohomail icloud hushmail rediffmail
    """
)
FREE_MAIL = word_set(
    """
    proton.me pm.me me.com mac.com hey.com mailbox.org tuta.com tuta.io tutamail.com tutanota.de
    keemail.me posteo.de posteo.net posteo.org posteo.at disroot.org riseup.net lavabit.com skiff.com
    runbox.com countermail.com startmail.com ctemplar.com kolabnow.com autistici.org cock.li duck.com
    mozmail.com relay.firefox.com privaterelay.appleid.com simplelogin.com simplelogin.co passmail.net
    passinbox.com anonaddy.me addy.io erine.email

    daum.net hanmail.net nate.com kakao.com naver.com korea.com dreamwiz.com empas.com chol.com hanmir.com
    docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp vodafone.ne.jp ymobile.ne.jp
    ymobile1.ne.jp ybb.ne.jp nifty.com nifty.ne.jp biglobe.ne.jp ocn.ne.jp plala.or.jp so-net.ne.jp
    dion.ne.jp infoseek.jp excite.co.jp rakuten.jp goo.jp mineo.jp uqmobile.jp jcom.home.ne.jp zaq.ne.jp
    odn.ne.jp asahi-net.or.jp kakao.co.jp sannet.ne.jp eonet.ne.jp commufa.jp tiki.ne.jp wakwak.com
    vip.qq.com vip.163.com vip.126.com 188.com yeah.net sina.com sina.cn sohu.com tom.com 21cn.com 189.cn
    139.com wo.cn aliyun.com foxmail.com hinet.net seed.net.tw pchome.com.tw netvigator.com

    sfr.fr neuf.fr cegetel.net club-internet.fr numericable.fr numericable.com bbox.fr laposte.net free.fr
    aliceadsl.fr wanadoo.fr orange.fr voila.fr tin.it virgilio.it inwind.it iol.it libero.it alice.it
    tim.it fastwebnet.it aruba.it poste.it teletu.it tiscali.it tiscali.co.uk plusnet.com plus.com f2s.com
    zen.co.uk sky.com talktalk.net btinternet.com btopenworld.com ntlworld.com virginmedia.com
    blueyonder.co.uk o2.co.uk eircom.net sunrise.ch hispeed.ch bluewin.ch bluemail.ch quickline.ch
    t-online.de freenet.de web.de arcor.de online.de 1und1.de ewe.net ewetel.net kabelmail.de unitybox.de
    vodafonemail.de versanet.de osnanet.de netcologne.de chello.at aon.at a1.net inode.at kabsi.at
    utanet.at telenet.be skynet.be proximus.be scarlet.be voo.be ziggo.nl kpnmail.nl kpnplanet.nl
    planet.nl xs4all.nl hetnet.nl home.nl upcmail.nl casema.nl quicknet.nl zonnet.nl telfort.nl caiway.nl
    telia.com comhem.se bredband.net bredband2.com spray.se passagen.se swipnet.se glocalnet.net home.se
    online.no start.no broadpark.no lyse.net getmail.no mail.dk tdcadsl.dk stofanet.dk youmail.dk
    mail.tele.dk jubii.dk saunalahti.fi kolumbus.fi elisanet.fi luukku.com suomi24.fi pp.inet.fi azet.sk
    zoznam.sk centrum.sk atlas.sk post.sk seznam.cz centrum.cz email.cz post.cz atlas.cz volny.cz quick.cz
    tlen.pl wp.pl o2.pl onet.pl onet.eu op.pl interia.pl interia.eu poczta.fm gazeta.pl vp.pl
    poczta.onet.pl neostrada.pl vipmail.hu freemail.hu citromail.hu indamail.hu t-online.hu upcmail.hu
    abv.bg mail.bg dir.bg t-com.hr net.hr siol.net amis.net ukr.net i.ua meta.ua bigmir.net tut.by mail.ru
    bk.ru list.ru internet.ru inbox.ru rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru ya.ru
    inbox.lv one.lv apollo.lv mail.ee hot.ee otenet.gr forthnet.gr hol.gr freemail.gr in.gr mynet.com
    sapo.pt clix.pt netcabo.pt telepac.pt iol.pt portugalmail.pt terra.es telefonica.net ono.com
    movistar.es ya.com jazztel.es euskalnet.net globo.com globomail.com uol.com.br bol.com.br ig.com.br
    terra.com.br oi.com.br r7.com zipmail.com.br superig.com.br prodigy.net.mx speedy.com.ar
    fibertel.com.ar arnet.com.ar ciudad.com.ar vtr.net adinet.com.uy cantv.net une.net.co etb.net.co
    walla.com walla.co.il netvision.net.il bezeqint.net 012.net.il 013.net zahav.net.il indiatimes.com
    sify.com in.com vsnl.net bsnl.in eth.net emirates.net.ae eim.ae omantel.net.om singnet.com.sg
    pacific.net.sg starhub.net.sg streamyx.com tm.net.my bigpond.com bigpond.net.au optusnet.com.au
    iinet.net.au internode.on.net tpg.com.au westnet.com.au dodo.com.au xtra.co.nz slingshot.co.nz
    vodafone.co.nz orcon.net.nz mweb.co.za telkomsa.net webmail.co.za vodamail.co.za iafrica.com
    absamail.co.za

    comcast.net verizon.net att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net swbell.net
    prodigy.net flash.net snet.net nvbell.net worldnet.att.net cox.net charter.net spectrum.net
    roadrunner.com rr.com twc.com brighthouse.com bresnan.net earthlink.net mindspring.com netzero.net
    netzero.com juno.com peoplepc.com optonline.net optimum.net suddenlink.net frontier.com
    frontiernet.net windstream.net centurylink.net centurytel.net embarqmail.com q.com qwest.net tds.net
    cableone.net sparklight.net mediacombb.net wowway.com knology.net rcn.com hughes.net wildblue.net
    atmc.net consolidated.net fairpoint.net gci.net hawaiiantel.net hawaii.rr.com metrocast.net midco.net
    shaw.ca telus.net telusplanet.net rogers.com sympatico.ca bell.net videotron.ca eastlink.ca cogeco.ca
    cogeco.net sasktel.net mts.net mymts.net nb.sympatico.ca nbnet.nb.ca northwestel.net aliant.net
    execulink.com xplornet.com teksavvy.com vif.com
    """
)
"""Providers of private mailboxes that the packaged list lacks: mail services, forwarders, access lines."""

NOT_FREE_MAIL = word_set(
    """
    alibaba.com facebook.com cox.com nus.edu.sg cable.comcast.com infomart.or.jp emails.incisivemedia.com
    amazonses.com bounces.amazon.com emailer.hubspot.com docs.google.com plus.google.com
    playstation.sony.com postmaster.twitter.com message.myspace.com fnbmail.co.za
    """
)
"""Entries of the packaged list that are companies, universities or machines."""

HOSTING = word_set(
    """
    amazonaws.com wordpress.com wixsite.com wix.com weebly.com squarespace.com godaddysites.com
    blogspot.com sites.google.com business.site web.app firebaseapp.com appspot.com github.io gitlab.io
    netlify.app vercel.app herokuapp.com azurewebsites.net cloudapp.net windows.net onmicrosoft.com
    sharepoint.com myshopify.com bigcartel.com jimdo.com jimdosite.com jimdofree.com strikingly.com
    webflow.io carrd.co tumblr.com medium.com substack.com ghost.io typepad.com livejournal.com tripod.com
    angelfire.com freeservers.com 000webhostapp.com webnode.com webs.com yolasite.com site123.me ucoz.com
    narod.ru beepworld.de de.tl over-blog.com canalblog.com e-monsite.com altervista.org xoom.it free.bg
    zendesk.com freshdesk.com helpscout.net intercom.io intercom-mail.com myzoho.com zohosites.com
    atlassian.net linktr.ee notion.site teachable.com kajabi.com thinkific.com
    """
)
"""Hosts that many unrelated parties share, beside the private section of the Public Suffix List."""

PROFILE_SITES = word_set(
    """
    facebook.com fb.com linkedin.com instagram.com twitter.com x.com youtube.com youtu.be tiktok.com
    pinterest.com yelp.com xing.com vk.com google.com goo.gl maps.google.com g.page plus.google.com
    crunchbase.com github.com etsy.com ebay.com amazon.com threads.net bsky.app t.me wa.me about.me
    """
)
"""Where a website field with a path names somebody's page, not the host's owner."""

REGISTRIES = word_set(
    """
    ae.org br.com cn.com co.com co.nl co.no com.de com.se de.com eu.com gb.net gr.com hu.com hu.net in.net
    jp.net jpn.com mex.com no.com qc.com ru.com sa.com se.com se.net uk.com uk.net us.com us.org uy.com
    za.com za.net za.org eu.org pp.ru msk.ru spb.ru com.ru net.ru org.ru msk.su spb.su radio.am radio.fm
    gov.nl co.at or.at
    """
)
"""Private suffixes that sell names like a registry does: a name under them is its owner's own domain."""

MACHINE_HOSTS = word_set(
    """
    calendar.google.com bounces.google.com amazonses.com sendgrid.net mcsv.net mcdlv.net rsgsv.net
    mandrillapp.com mailgun.org mailgun.net sparkpostmail.com mktomail.com mktdns.com exacttarget.com
    hubspotemail.net hs-inbox.com bounce.linkedin.com facebookmail.com reply.github.com
    users.noreply.github.com noreply.github.com apex.salesforce.com le.salesforce.com
    inbound.postmarkapp.com createsend.com cmail19.com cmail20.com ccsend.com mailchimpapp.net
    klaviyomail.com bnc.salesforce.com reply.craigslist.org relay.amazon.com marketplace.amazon.com
    members.ebay.com guest.booking.com reply.airbnb.com inbound.intercom-mail.com incoming.trello.com
    boards.trello.com mail.asana.com mg.asana.com inbound.asana.com hooks.slack.com group.facebook.com
    googlegroups.com groups.io yahoogroups.com
    """
)
"""Hosts of sending services, relays and groups: nobody has a mailbox there."""

MACHINE_LABELS = word_set(
    """
    bounce bounces noreply no-reply donotreply unsubscribe unsub mailer-daemon reply newsletter newsletters
    enews mailings bulkmail
    """
)
"""First labels of a host that only machines send from (`bounces.acme.example`)."""

NOTE_TAKER_HOSTS = word_set(
    """
    otter.ai fireflies.ai read.ai fathom.video tldv.io avoma.com gong.io chorus.ai grain.com grain.co
    sembly.ai meetgeek.ai krisp.ai notta.ai supernormal.com circleback.ai granola.ai nyota.ai airgram.io
    jamie.ai bluedothq.com colibri.ai rewatch.com spinach.io tactiq.io vowel.com fellow.app laxis.com
    noty.ai hyprnote.com bubbles.app recall.ai assistant.zoom.us
    """
)
