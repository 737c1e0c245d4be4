"""NIP, NI PPPK, NIK and old NIP of synthetic people (siasn.md section 6). Each number is given once in a world."""

from __future__ import annotations

import random
from datetime import date

_PROVINCES = (11, 12, 13, 14, 16, 18, 31, 32, 33, 34, 35, 36, 51, 53, 61, 64, 73, 74, 81, 91)


class IdentityRegister:
    """Hands out identity numbers and remembers them, so that no two people of one world share one."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def _first_free(self, prefix: str, start: int, width: int) -> str:
        for serial in range(start, 10**width):
            number = f"{prefix}{serial:0{width}}"
            if number not in self._taken:
                self._taken.add(number)
                return number
        raise ValueError("the serial numbers of one day of birth are used up")

    def nip_pns(self, rng: random.Random, born: date, cpns: date, male: bool) -> str:
        """18 digits: birth YYYYMMDD, CPNS start YYYYMM, sex, serial."""
        return self._first_free(f"{born:%Y%m%d}{cpns:%Y%m}{1 if male else 2}", rng.randrange(1, 12), 3)

    def nip_pppk(self, rng: random.Random, born: date, year: int, male: bool) -> str:
        """18 digits: birth YYYYMMDD, first year, 21 (first appointment), sex, serial."""
        return self._first_free(f"{born:%Y%m%d}{year}21{1 if male else 2}", rng.randrange(1, 12), 3)

    def nik(self, rng: random.Random, born: date, male: bool) -> str:
        """16 digits: place of first registration, birth DDMMYY (day + 40 for women), serial."""
        region = f"{rng.choice(_PROVINCES)}{rng.randrange(1, 30):02}{rng.randrange(1, 30):02}"
        day = born.day + (0 if male else 40)
        return self._first_free(f"{region}{day:02}{born:%m%y}", rng.randrange(1, 9), 4)

    def old_nip(self, rng: random.Random) -> str:
        """Nine digits beginning 34, as BPS numbered its people."""
        return self._first_free("34", rng.randrange(10_000, 9_000_000), 7)

    def mistyped_nip(self, rng: random.Random, nip: str) -> str:
        """``nip`` with its serial mistyped: still of the right form, and nobody else's."""
        return self._first_free(nip[:15], 200 + rng.randrange(700), 3)

    def slipped_nip(self, rng: random.Random, nip: str, transposed: bool) -> str:
        """``nip`` with two neighbouring digits transposed, or one replaced, behind the birth date; nobody else's.

        Digits 13 and 14 stay what they are: a month that there is not would keep the row in quarantine.
        """
        places = [place for place in range(8, 17) if nip[place] != nip[place + 1]]
        while True:
            place = rng.choice(places)
            if transposed:
                number = nip[:place] + nip[place + 1] + nip[place] + nip[place + 2 :]
            else:
                number = nip[:place] + str((int(nip[place]) + rng.randrange(1, 10)) % 10) + nip[place + 1 :]
            if number[12:14] == nip[12:14] and number not in self._taken:
                self._taken.add(number)
                return number


def mistyped_nik(nik: str) -> str:
    """``nik`` with its last serial digits turned: nobody else's, as serials are given from below 5000."""
    return f"{nik[:12]}{9999 - int(nik[12:]):04}"
