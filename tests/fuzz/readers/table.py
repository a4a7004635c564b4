"""Everything that reads a file which a user, or whoever sent it to them, may have made."""

from tests.fuzz.readers import audio, boards, corpora, records, settings, signatures, students, teachers

READERS = (
    *students.READERS,
    *teachers.READERS,
    *audio.READERS,
    *settings.READERS,
    *corpora.READERS,
    *records.READERS,
    *signatures.READERS,
    *boards.READERS,
)
