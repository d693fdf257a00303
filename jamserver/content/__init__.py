"""The texts of the demo Jam and the stock that generated Jams are written from.

All of it is original. The five forums, their questions and the kinds of people follow the Social Business Jam of
February 2011 in shape and subject; no word of that Jam is here.

    names.py     given and family names by culture, with the countries they are met in
    people.py    invented people and organisations
    threads/     a Markdown file a forum: its brief and its threads, written by hand
    topics.md    by forum and topic: openers' titles, claims, experiences, questions, doubts, steps
    phrases.md   what holds sentences together: reactions, answers, closings, whatever the topic
    languages.md posts in other languages
    stock.py     reads these files
    writer.py    writes titles and bodies from them
"""
