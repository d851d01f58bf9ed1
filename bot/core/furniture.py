"""What stands on a page around an article: words by which menus, boxes and legal notes are known.

General phrases of the web in a dozen languages, none of a particular site. They only help: a page in
another language is still cut by the shape of its lines and by what its paragraphs have in common.
"""

from __future__ import annotations

import re


def _any_of(phrases: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """One pattern for a list of patterns, one a line; blanks inside a line count."""
    return re.compile("|".join(line.strip() for line in phrases.strip().splitlines()), flags)


OTHER_ARTICLES = _any_of(r"""
    related( \w+)?( news| articles?| stories| posts?| content| topics?| reading| coverage| links)?
    (more|latest|top|popular|recommended|featured|recent|other|similar) (news|articles?|stories|posts?|reads?)
    (trending|popular|recommended|latest)( now| today| for you| videos?| headlines)?
    editors?'?s? (picks?|choice)
    (more|also) (from|on|in|about) .{1,40}|most (read|popular|viewed|shared|commented)( .{1,20})?
    ((you|people) (may |might )?)?also (like|enjoy|read|viewed)|(you (may|might) )?(also )?be interested in
    (read|up|what's|what’s) next|(don't|don’t) miss|see also|read (also|more)
    keep reading|(around|from) the web
    (verwandte|ähnliche|weitere) (artikel|themen|beiträge|meldungen|nachrichten)|mehr zum thema|meistgelesen
    mehr (artikel|nachrichten|aus|von) ?.{0,30}|lesen sie auch|auch interessant
    das könnte (sie|dich) auch interessieren
    (à )?lire aussi|sur le même (sujet|thème)|articles? (liés?|similaires|associés?)|les plus lus
    (también )?te puede interesar|(noticias|artículos) relacionad[ao]s|lea también|lo más (leído|visto)
    leggi anche|articoli correlati|potrebbe interessarti( anche)?
    leia (também|mais)|(notícias|artigos) relacionad[ao]s
    lees ook|gerelateerde (artikelen|berichten)|läs (också|mer)|relaterade (artiklar|nyheter)|tin liên quan
    相关(新闻|文章|阅读|推荐)|関連(記事|ニュース)|관련 ?(기사|뉴스)
""")
"""Headings, as whole lines, after which other articles begin."""

AFTER_ARTICLE = _any_of(r"""
    (\d+ )?comments?( ?\(?\d+\)?)?|no comments( yet)?|(\d+ )?(replies|responses)|discussion
    (leave|post|add|write|submit) (a|your) (comment|reply)|(join|start) the (conversation|discussion)
    about (us|me)|about the (authors?|writers?|reporters?|company|contributors?)
    (media|press|investor|company)( relations)? contacts?|contacts?|notes? to editors?
    (cautionary (statements?|note) .{0,40})?forward-looking statements?|safe harbou?r( statement)?
    ((risk|legal) )?(warning|disclaimers?|disclosures?)( and (disclaimers?|disclosures?|risk))?
    (\d+ )?kommentare?( ?\(?\d+\)?)?|kommentar (schreiben|verfassen)|über (den autor|die autorin|uns)
    pressekontakt|kontakt
    (\d+ )?commentaires?( ?\(?\d+\)?)?|laisser un commentaire|contacts? presse
    (\d+ )?comentarios?( ?\(?\d+\)?)?|deja (un|tu) comentario|(\d+ )?comentários?( ?\(?\d+\)?)?
    (\d+ )?comment[io]( ?\(?\d+\)?)?|(\d+ )?(reacties|kommentarer)( ?\(?\d+\)?)?|评论|コメント|댓글
    [*– -]*(###|# # #|ends?)[*– -]*
""")
"""Headings, as whole lines, of comments, contacts and notices under an article."""

ABOUT_NAME = re.compile(r"(About|Über|À propos de|Acerca de|Sobre) (?!the |this |a |an )[^\W\d_a-z].{1,60}")
"""The heading of a company's boilerplate under its press release: ``About Acme Corp.``"""

BYLINE = re.compile(
    r"(?:By|Von|Par|Por|Di|Door|Av|Af) (?:[^\W\d_a-z][\w.'’-]*,? ?(?:(?:and|und|et|y|e|en|och|&) )?){1,6}"
)

LABEL = _any_of(r"""
    advert(isement|ising)?|ad|sponsored( content)?|promoted|anzeige|werbung|publicité|publicidad
    pubblicità|annons
    share( (this|on) ?.{0,30})?|tweet|pin|print|save|e-?mail|copy link|reply|quote|like|report|repost|reward
    follow( us)?( on .{1,20})?|teilen|drucken|merken|antworten|partager|répondre|compartir|responder|condividi
    home|menu|search|log ?in|sign ?(in|up)|register|subscribe( now)?|anmelden|skip to (main )?content
    accept( all)?( cookies)?|reject all|manage (preferences|cookies)|cookie settings
    (image|photo|picture|video|photograph|bild|foto) ?(:|credit|courtesy|by|via).{0,80}
    (credit|source|caption|quelle) ?:.{0,80}
    (read|see|watch|listen)( more| also| next| now)? ?:.{0,160}
    (related|also|more|updated?|published|tags?|topics?|filed under|by|from|veröffentlicht|stand) ?:.{0,160}
    (\d+|an?|one) (min(ute)?s?|hours?|days?|weeks?|months?|years?)( ago| read)|\d+ min(uten)?( lesezeit)?
    view original|show (more|all)|load more|see all|back to top|continue reading|mehr anzeigen
""")
"""Whole lines without a meaning of their own: buttons, credits, times."""

NOTICE = _any_of(r"""
    \bcookies?\b|privacy (policy|notice)|terms (of (use|service)|and conditions)
    all rights reserved|©|copyright
    (investment|financial|legal|professional|personal|medical|tax) advice|own risk|disclaimer|not constitute
    newsletter|subscri(be|ption)|sign up|unsubscribe|free trial|log in
    create an account|already a member|inbox
    download (the|our) app|follow us|turn on notifications|reproduced|republish
    without (prior )?(written )?permission|forward-looking|third[- ]party (content|sites?)|affiliate
    commission (from|if|when)|ad ?block|advertis|views? (and opinions? )?expressed|endorsement of
    powered by|enable javascript|your browser
    datenschutz|impressum|alle rechte vorbehalten|abonn|nutzungsbedingungen|haftung
    jetzt (anmelden|registrieren)|tous droits réservés|politique de confidentialité|inscrivez-vous
    conseil en investissement|todos los derechos|política de privacidad|suscríb
    tutti i diritti|iscriviti|todos os direitos|inscreva-se
    版权所有|未经授权|投资建议|風險|风险|订阅|無断転載
""")
"""What cookie bars, newsletter boxes and legal notes say; an article may say it too, on its own subject."""
