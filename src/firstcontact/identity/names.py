"""Names: whether what is shown is a person's name, and what its parts are (SPEC §5 "Name").

`read_name` takes what a header, a calendar or a signature shows and gives the person's name, or None
where it shows none: the address again, a function, a company, a list, a product, a bare number.
`read_caller_id` does the same for what a telephone network shows. A local part is only a candidate.
Which of several names is the better one follows from where each was seen (`policy.known.NameSource`).
"""

from __future__ import annotations

from firstcontact.identity._caller_id import caller_id_company, read_caller_id
from firstcontact.identity._display_names import PersonName, name_from_local_part, read_name, same_person_name

__all__ = [
    "PersonName",
    "caller_id_company",
    "name_from_local_part",
    "read_caller_id",
    "read_name",
    "same_person_name",
]
