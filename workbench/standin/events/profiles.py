"""Who came, from where and with what: a profile number turned into the columns of a row."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from workbench.standin.events.raw import PROFILES, Ints
from workbench.standin.seeds import words
from workbench.standin.seeds.people import People
from workbench.standin.seeds.sizes import APPS, HOSTS

Needed = frozenset[str] | None
"""Names of the columns somebody will read; None is all of them."""


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """A way of coming in that somebody made up."""

    visitor: str
    account: str
    address: str
    user_agent: str
    server: str
    place: int
    """Of the visitor in the seed; -1 for somebody new."""


class Profiles:
    """The seed's profiles, and those made up since."""

    def __init__(self, people: People, address_pool: int) -> None:
        self.people = people
        self.visitor_ids = people.visitors["id"].combine_chunks()
        self.account_ids = pa.concat_arrays(
            [people.accounts["id"].combine_chunks(), pa.array([""], pa.string())]
        )
        self._nowhere = len(self.account_ids) - 1
        self._addresses = pa.array([_address(place) for place in range(address_pool)], pa.string())
        self._agents = pa.array([browser[0] for browser in words.BROWSERS], pa.string())
        self._hosts = pa.array(HOSTS, pa.string())
        self._account_pieces = member_pieces("accountId", self.account_ids)
        self._visitor_pieces = member_pieces("visitorId", self.visitor_ids)
        self._agent_pieces = member_pieces("userAgent", self._agents)
        self._place_pieces = pa.array(
            [
                f'"appId":{app},"country":"{where[0]}","region":"{where[1]}","server":"{host}"'
                for where in words.LOCATIONS
                for app, host in zip(APPS, HOSTS, strict=True)
            ],
            pa.string(),
        )
        self._places = {identity: n for n, identity in enumerate(self.visitor_ids.to_pylist())}
        self.own: list[OwnProfile] = []
        self._first_own = len(self.visitor_ids) * PROFILES

    def number_of(
        self, visitor: str, account: str | None, address: str | None, agent: str | None, server: str
    ) -> int:
        """The profile that looks like this; a new one when the seed has none."""
        place = self._places.get(visitor, -1)
        candidates = [place * PROFILES + way for way in range(PROFILES)] if place >= 0 else []
        for number in candidates:
            seen = (
                self.columns(np.array([number]), np.array([HOSTS.index(server)]))
                if (server in HOSTS)
                else None
            )
            wanted = {"accountId": account, "remoteIp": address, "userAgent": agent}
            if seen and all(w is None or seen[name][0].as_py() == w for name, w in wanted.items()):
                return number
        made = self._made_up(place, visitor, account, address, agent, server)
        if made not in self.own:
            self.own.append(made)
        return self._first_own + self.own.index(made)

    def _made_up(
        self,
        place: int,
        visitor: str,
        account: str | None,
        address: str | None,
        agent: str | None,
        server: str,
    ) -> OwnProfile:
        usual = self.columns(np.array([max(place, 0) * PROFILES]), np.array([0]))
        if place < 0:
            account = account or ""
        return OwnProfile(
            visitor,
            usual["accountId"][0].as_py() if account is None else account,
            usual["remoteIp"][0].as_py() if address is None else address,
            usual["userAgent"][0].as_py() if agent is None else agent,
            server,
            place,
        )

    def visitor_place(self, profile: Ints) -> Ints:
        """The visitor's place in the seed; -1 for somebody new."""
        place = profile // PROFILES
        for number, own in enumerate(self.own, self._first_own):
            place = np.where(profile == number, own.place, place)
        return place

    def columns(self, profile: Ints, app: Ints, needed: Needed = None) -> dict[str, pa.Array]:
        """Visitor, account, address, agent, server, place on earth of each profile."""
        made_up = profile >= self._first_own
        if not made_up.any():
            return self._seeded(profile, app, needed)
        places = self.visitor_place(profile)
        columns = self._seeded(np.where(made_up, np.maximum(places, 0) * PROFILES, profile), app)
        which = np.flatnonzero(made_up)
        own = [self.own[number - self._first_own] for number in profile[which].tolist()]
        texts = {name: [getattr(one, part) for one in own] for name, part in _OWN.items()}
        where = [columns[name].take(pa.array(which)).to_pylist() for name in ("country", "region")]
        texts |= _own_pieces(texts, np.array(APPS)[app[which]].tolist(), *where)
        for name, values in texts.items():
            column, short = columns[name], isinstance(columns[name], pa.DictionaryArray)
            whole = column.dictionary_decode() if short else column
            whole = pc.replace_with_mask(whole, pa.array(made_up), pa.array(values, pa.string()))
            columns[name] = whole.dictionary_encode() if short else whole
        return columns

    def _seeded(self, profile: Ints, app: Ints, needed: Needed = None) -> dict[str, pa.Array]:
        people = self.people
        visitor, way = profile // PROFILES, profile % PROFILES
        account = people.account_of[visitor]
        at_office = (way == 0) & (account >= 0)
        pool = len(self._addresses)
        address = np.where(at_office, account * 7 + 3, profile * 31 + 11) % pool
        agents = len(words.BROWSERS)
        agent = np.where(way == 2, people.browser_of[visitor] + 3, people.browser_of[visitor])
        place = people.location_of[visitor]
        account = np.where(account < 0, self._nowhere, account)
        makers: dict[str, Callable[[], pa.Array]] = {
            "visitorId": lambda: self.visitor_ids.take(pa.array(visitor)),
            "accountId": lambda: self.account_ids.take(pa.array(account)),
            "remoteIp": lambda: self._addresses.take(pa.array(address)),
            "userAgent": lambda: picked(self._agents, agent % agents),
            "server": lambda: picked(self._hosts, app),
            "country": lambda: picked(_COUNTRIES, place),
            "region": lambda: picked(_REGIONS, place),
            "_account": lambda: self._account_pieces.take(pa.array(account)),
            "_visitor": lambda: self._visitor_pieces.take(pa.array(visitor)),
            "_agent": lambda: picked(self._agent_pieces, agent % agents),
            "_place": lambda: picked(self._place_pieces, place * len(HOSTS) + app),
            "latitude": lambda: _LATITUDES.take(pa.array(place)),
            "longitude": lambda: _LONGITUDES.take(pa.array(place)),
        }
        return {name: make() for name, make in makers.items() if needed is None or name in needed}


def _own_pieces(
    texts: dict[str, list[str]], apps: list[int], countries: list[str], regions: list[str]
) -> dict[str, list[str]]:
    """The pieces of JSON that go with made-up profiles."""

    def member(name: str, value: object) -> str:
        return orjson.dumps({name: value})[1:-1].decode()

    places = zip(apps, countries, regions, texts["server"], strict=True)
    return {
        "_account": [member("accountId", text) for text in texts["accountId"]],
        "_visitor": [member("visitorId", text) for text in texts["visitorId"]],
        "_agent": [member("userAgent", text) for text in texts["userAgent"]],
        "_place": [
            ",".join(map(member, ("appId", "country", "region", "server"), place))
            for place in places
        ],
    }


def member_pieces(name: str, texts: pa.Array) -> pa.Array:
    """Each text as the member of a JSON object."""
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise(f'"{name}":"', escaped, '"', "")


def picked(choices: pa.Array, places: Ints) -> pa.DictionaryArray:
    """Texts out of a short list, without copying them."""
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), choices)


_OWN = {
    "visitorId": "visitor",
    "accountId": "account",
    "remoteIp": "address",
    "userAgent": "user_agent",
    "server": "server",
}
_COUNTRIES = pa.array([place[0] for place in words.LOCATIONS], pa.string())
_REGIONS = pa.array([place[1] for place in words.LOCATIONS], pa.string())
_LATITUDES = pa.array([place[2] for place in words.LOCATIONS], pa.float64())
_LONGITUDES = pa.array([place[3] for place in words.LOCATIONS], pa.float64())


def _address(place: int) -> str:
    """An address of the shared range 100.64.0.0/10, which no host on the internet has."""
    return f"100.{64 + place // 65536 % 64}.{place // 256 % 256}.{place % 256}"
