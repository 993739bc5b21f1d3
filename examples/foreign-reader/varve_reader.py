#!/usr/bin/env python3
"""Reads a Varve store without Varve. Written from docs/FORMAT.md alone; § are its sections.

    varve_reader.py FILE [--hex] > records.ndjson

FILE is a store's `journal`, an export, or either of them gzipped; it is never written to. One line
per record: {lsn, type, channel, time, length, sha256}, or hex in place of sha256; where damage took
some, {damaged: {from, to}}. Then {state}, the last checkpoint, and {end}, with the row of §8.

Always true: a byte is believed only behind its checksum, and a length is compared with what is
there before it is used.
"""
import gzip
import hashlib
import json
import struct
import sys
from collections import namedtuple

M32 = 0xFFFFFFFF
CONTROL, FRAGMENT, RESTART, UNIT_END = 1, 2, 4, 8  # flags of batches
STATE, START, NEXT = 1, 3, 4  # types of system records
ATTRIBUTES, EXTERNAL = 1, 2  # flags of records

Segment = namedtuple('Segment', 'number slot seed generation last_lsn chain durable_lsn')
Batch = namedtuple('Batch', 'segment offset end flags count first_lsn last_lsn durable_lsn '
                            'generation previous checksum time extensions body')
Frame = namedtuple('Frame', 'type flags channel payload')
Record = namedtuple('Record', 'lsn time type channel parts')  # parts None: damaged
Start = namedtuple('Start', 'last_lsn previous_generation rewritten_to')
# A place in the log, and what the next batch there must agree with.
Place = namedtuple('Place', 'segment offset generation last_lsn chain')


class Unreadable(Exception):
    """This is no store, or one of a kind that this reader does not know."""


class Damaged(Exception):
    """What is there does not say what it must."""


def xxh32(data, seed):
    """XXH32, as published."""
    p1, p2, p3, p4, p5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1
    n, whole = len(data), len(data) & ~15
    if n >= 16:
        a, b, c, d = (seed + p1 + p2) & M32, (seed + p2) & M32, seed, (seed - p1) & M32
        for w, x, y, z in struct.iter_unpack('<4I', data[:whole]):
            a = (a + w * p2) & M32
            a = ((a << 13 | a >> 19) * p1) & M32
            b = (b + x * p2) & M32
            b = ((b << 13 | b >> 19) * p1) & M32
            c = (c + y * p2) & M32
            c = ((c << 13 | c >> 19) * p1) & M32
            d = (d + z * p2) & M32
            d = ((d << 13 | d >> 19) * p1) & M32
        h = (a << 1 | a >> 31) + (b << 7 | b >> 25) + (c << 12 | c >> 20) + (d << 18 | d >> 14)
    else:
        h = seed + p5
    h = (h + n) & M32
    words = n & ~3
    for (w,) in struct.iter_unpack('<I', data[whole:words]):
        h = (h + w * p3) & M32
        h = ((h << 17 | h >> 15) * p4) & M32
    for byte in data[words:]:
        h = (h + byte * p5) & M32
        h = ((h << 11 | h >> 21) * p1) & M32
    h = ((h ^ h >> 15) * p2) & M32
    h = ((h ^ h >> 13) * p3) & M32
    return h ^ h >> 16


def align(n, to):
    return (n + to - 1) // to * to


def varint(data, at):
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80 and value <= M32 and (data[at - 1] or not shift):
            return value, at
    raise Damaged


def frames(body):
    """The record frames that fill a body (§5)."""
    at, found = 0, []
    while at < len(body):
        kind, flags = body[at], body[at + 1] if at + 1 < len(body) else 0
        if flags > 3:
            raise Damaged
        channel, at = varint(body, at + 2)
        length, at = varint(body, at)
        if flags & ATTRIBUTES:
            size, at = varint(body, at)
            at += size
        if at + length > len(body):
            raise Damaged
        found.append(Frame(kind, flags, channel, body[at:at + length]))
        at += length
    return found


class Store:
    """The file: superblocks, segments, and batches that count by themselves (§1-4)."""

    def __init__(self, data):
        self.data = data
        blocks = [b for b in map(self.superblock, (0, 1)) if b]
        if not blocks:
            raise Unreadable('no superblock verifies')
        self.lead = lead = max(blocks, key=lambda b: b['sequence'])
        if (lead['version'], lead['incompat'], lead['checksum_kind']) != (1, 0, 1):
            raise Unreadable('a store of another format version')
        self.durable_lsn = max(b['durable_lsn'] for b in blocks)
        self.generation = max(b['generation'] for b in blocks)
        self.size, self.alignment = lead['segment_bytes'], lead['alignment']
        self.boundary = max(self.alignment, 512 if self.size < 65536 else 4096)
        self.first_offset = align(112, self.alignment)
        self.segments = {}
        for slot in range((len(data) - 131072) // self.size):
            header = self.header(slot)
            if header and header.number >= lead['first_segment']:
                other = self.segments.get(header.number, header)
                self.segments[header.number] = max(header, other, key=lambda h: h.generation)

    def superblock(self, place):
        b = self.data[place * 65536:place * 65536 + 512]
        if len(b) < 512 or b[:8] != b'VARVE\r\n\x1a' or xxh32(
                b[:508], 0x56415256 + place) != struct.unpack_from('<I', b, 508)[0]:
            return None
        names = ('sequence generation segment_bytes alignment checksum_kind first_segment '
                 'first_lsn low_water scan_segment scan_offset scan_generation '
                 'state_offset state_segment durable_lsn')
        values = struct.unpack_from('<QIIHBx4xQQQQII12xIQ8xQ', b, 104)
        return dict(zip(names.split(), values), version=struct.unpack_from('<H', b, 8)[0],
                    incompat=struct.unpack_from('<I', b, 20)[0], seed_id=b[24:40], clean=b[76] & 1)

    def base(self, slot):
        return 131072 + slot * self.size

    def segment(self, number, slot, salt, *rest):
        packed = struct.pack('<16sIQ8s', self.lead['seed_id'], slot, number, salt)
        return Segment(number, slot, xxh32(packed, 0), *rest)

    def header(self, slot):
        b = self.data[self.base(slot):self.base(slot) + 112]
        seed_id, own, generation, number, salt, last, chain, durable, checksum = (
            struct.unpack_from('<8x16sIIQ8sQ4xI8xQ28xI', b))
        if b[:4] != b'VSEG' or xxh32(b[:108], 0x56534547) != checksum or (
                (seed_id, own) != (self.lead['seed_id'], slot)):
            return None
        return self.segment(number, slot, salt, generation, last, chain, durable)

    def named(self, batch):
        """The segment that a batch's `next` record names: by its header, else by the record."""
        for frame in frames(batch.body) if batch.flags & CONTROL else ():
            if frame.type == NEXT and len(frame.payload) == 20:
                number, salt, slot = struct.unpack('<Q8sI', frame.payload)
                if number == batch.segment.number + 1:
                    return self.segments.get(number) or self.segment(number, slot, salt, 0, 0, 0, 0)
        return None

    def batch(self, segment, offset):
        """The batch at this place, if it counts by itself."""
        at = self.base(segment.slot) + offset
        room = min(self.size - offset, len(self.data) - at)
        if room < 56 or self.data[at:at + 4] != b'VBAT':
            return None
        size, flags, encoding, length, count, first, durable, generation, previous, time, high = (
            struct.unpack_from('<HBBIIQQIIIH', self.data, at + 4))
        if max(first, durable) >= 1 << 53:
            return None
        if size % 4 or not 56 <= size <= 512 or length > 66560 or size + length > room:
            return None
        head, body = self.data[at:at + size], self.data[at + size:at + size + length]
        seed = segment.seed ^ generation * 0x9E3779B1 & M32 ^ offset * 0x85EBCA77 & M32
        checksum = struct.unpack_from('<I', head, size - 4)[0]
        if xxh32(head[:-4], seed) != checksum or flags > 15 or encoding or (
                xxh32(body, seed ^ M32) != struct.unpack_from('<I', head, 48)[0]):
            return None
        extensions, e = {}, 52
        while e + 2 <= size - 4 and head[e]:
            extensions[head[e]] = head[e + 2:min(e + 2 + head[e + 1], size - 4)]
            e += 2 + head[e + 1]
        last = first - 1 + (0 if flags & (CONTROL | FRAGMENT) else count)
        return Batch(segment, offset, align(offset + size + length, self.alignment), flags, count,
                     first, last, durable, generation, previous, checksum, time | high << 32,
                     extensions, body)

    def start(self, batch):
        """The start record of a batch that begins a generation."""
        for frame in frames(batch.body) if batch and batch.flags & RESTART else ():
            if frame.type == START and len(frame.payload) == 36:
                return Start(*struct.unpack('<Q16xIQ', frame.payload))
        return None


class Log:
    """The records, found by following the chain (§4, 6, 7, 8)."""

    def __init__(self, store):
        self.store, self.records, self.damaged = store, [], []
        self.units = {}  # (segment, offset) of the first fragment -> the fragments of a unit
        self.open_units = {}  # (generation, unit id) -> the same lists
        self.restart = None  # the last one: rewritten_to, its place, and what there was before it
        self.refused = set()  # places of restarts that are incomplete
        first = store.segments.get(store.lead['first_segment']) or Segment(
            store.lead['first_segment'], None, 0, 0, store.lead['first_lsn'] - 1, 0, 0)
        at = Place(first, store.first_offset, first.generation, first.last_lsn, first.chain)
        while at:
            self.end = at
            at = self.read_on(at)

    def read_on(self, at):
        batch = at.segment.slot is not None and self.store.batch(at.segment, at.offset)
        if batch and (batch.generation, batch.first_lsn, batch.previous) == (
                at.generation, at.last_lsn + 1, at.chain):
            return self.take(batch)
        if self.restart and at.last_lsn < self.restart[0]:
            _, place, at, self.records = self.restart
            self.refused.add(place)
            self.restart = None
            return at
        return self.resume(at) or self.behind(at)

    def take(self, batch):
        """Reads a batch that counts in the log; says where the next one must be."""
        if batch.flags & FRAGMENT:
            unit_id, number = struct.unpack('<II', batch.extensions[1])
            key = batch.generation, unit_id
            if number == 0:
                self.open_units[key] = self.units[batch.segment.number, batch.offset] = []
            if number == len(self.open_units.get(key, ())):
                self.open_units[key].append(batch)
        elif batch.count and not batch.flags & CONTROL:
            self.records += self.records_of(batch)
        segment, offset = self.store.named(batch), self.store.first_offset
        if not segment:
            segment, offset = batch.segment, batch.end
        return Place(segment, offset, batch.generation, batch.last_lsn, batch.checksum)

    def unit(self, descriptor):
        """The fragments that a descriptor names (§6)."""
        if len(descriptor) != 36:
            raise Damaged
        _, count, segment, size, offset, expected = struct.unpack_from('<IIQQII', descriptor)
        found, digest = self.units.get((segment, offset), [])[:count], 0
        for fragment in found:
            digest = xxh32(struct.pack('<I', fragment.checksum), digest)
        if (len(found), sum(len(f.body) for f in found), digest) != (count, size, expected):
            raise Damaged
        return found

    def records_of(self, batch):
        whole = []
        try:
            if batch.flags & UNIT_END:
                for fragment in self.unit(batch.extensions.get(2, b'')):
                    whole += frames(fragment.body)
            whole += frames(batch.body)
        except Damaged:
            pass
        if len(whole) != batch.count:
            whole = [None] * batch.count
        for lsn, frame in enumerate(whole, batch.first_lsn):
            try:
                yield Record(lsn, batch.time, frame.type, frame.channel, self.parts(frame))
            except (AttributeError, Damaged):
                yield Record(lsn, batch.time, None, None, None)

    def parts(self, frame, skip=0):
        if frame.flags & EXTERNAL:
            return [f.body for f in self.unit(frame.payload[skip:])]
        return [frame.payload[skip:]]

    def restart_in(self, segment, offset, at):
        """The first restart here or at a later boundary of the segment that goes on from `at`."""
        boundaries = range(align(offset + 1, self.store.boundary), self.store.size,
                           self.store.boundary)
        for offset in (offset, *boundaries):
            batch, place = self.store.batch(segment, offset), (segment.number, offset)
            start = self.store.start(batch)
            if start and place not in self.refused and (
                    batch.generation > at.generation and start.last_lsn <= at.last_lsn
                    and batch.first_lsn == start.last_lsn + 1):
                # What was read above its last LSN is there again behind it.
                self.restart = start.rewritten_to, place, at, self.records
                self.records = [r for r in self.records if r.lsn <= start.last_lsn]
                return Place(segment, offset, batch.generation, start.last_lsn, batch.previous)
        return None

    def resume(self, at):
        """Where the log goes on from a place where no batch counts (§7)."""
        place = at.segment.slot is not None and self.restart_in(at.segment, at.offset, at)
        header, first = self.store.segments.get(at.segment.number + 1), self.store.first_offset
        if place or not header or header.last_lsn > at.last_lsn:
            return place
        if header.generation > at.generation:
            return self.restart_in(header, first, at)
        if (header.generation, header.last_lsn) == (at.generation, at.last_lsn):
            return Place(header, first, at.generation, at.last_lsn, header.chain)
        return None

    def later(self, at):
        """The batches that count by themselves from `at` on."""
        store, known = self.store, {**self.store.segments, at.segment.number: at.segment}
        number, offset = at.segment.number, at.offset
        while number <= max(known):
            segment = known.get(number)
            while segment and segment.slot is not None and offset < store.size:
                base = store.base(segment.slot)
                found = store.data.find(b'VBAT', base + offset, base + store.size) - base
                if found < 0:
                    break
                offset = align(found, store.alignment)
                batch = store.batch(segment, offset) if offset == found else None
                if batch:
                    yield batch
                    named = store.named(batch)
                    if named:
                        known.setdefault(named.number, named)
                offset = batch.end if batch else max(offset, found + 1)
            number, offset = number + 1, store.first_offset

    def behind(self, at):
        """Which end this is (§8), and where the log goes on if it is damage (§7)."""
        store, later, last, lead = self.store, list(self.later(at)), at.last_lsn, self.store.lead
        proofs = [store.durable_lsn, *(b.durable_lsn for b in later)]
        proofs += [s.durable_lsn for n, s in store.segments.items() if n > at.segment.number]
        self.end_row = 'proven-damage'
        if max(proofs) > last:
            kept = {}
            for batch in later:
                start, says = store.start(batch), [(batch.generation, batch.durable_lsn)]
                if start:
                    says.append((start.previous_generation, start.last_lsn))
                for generation, lsn in says:
                    kept[generation] = max(lsn, kept.get(generation, 0))
            for b in later:
                if b.generation >= at.generation and b.first_lsn > last and (
                        b.generation == store.generation or b.last_lsn <= kept[b.generation]):
                    self.damaged.append((last + 1, b.first_lsn - 1))
                    return Place(b.segment, b.offset, b.generation, b.first_lsn - 1, b.previous)
            self.damaged.append((last + 1, max(proofs)))
        elif lead['clean'] and (at.segment.number, at.offset, at.generation) == (
                lead['scan_segment'], lead['scan_offset'], lead['scan_generation']):
            self.end_row = 'clean-end'
        elif at.segment.slot is None:
            self.end_row = 'segment-missing'
        elif later:
            self.end_row = 'torn-out-of-order'
        else:
            base = store.base(at.segment.slot)
            torn = any(store.data[base + at.offset:base + store.size])
            self.end_row = 'torn-tail' if torn else 'end-of-writing'
        return None

    def state(self):
        """The last checkpoint: (coveredLsn, parts), or nothing."""
        segment = self.store.segments.get(self.store.lead['state_segment'])
        batch = segment and self.store.batch(segment, self.store.lead['state_offset'])
        for frame in frames(batch.body) if batch else ():
            if frame.type == STATE:
                return struct.unpack_from('<Q', frame.payload)[0], self.parts(frame, 8)
        if self.store.lead['state_segment']:
            raise Damaged
        return None


def lines(data, as_hex=False):
    """All there is to say of a store, as dicts."""

    def content(parts):
        whole = b''.join(parts)
        if as_hex:
            return {'length': len(whole), 'hex': whole.hex()}
        return {'length': len(whole), 'sha256': hashlib.sha256(whole).hexdigest()}

    log = Log(Store(data))
    first = max(log.store.lead['first_lsn'], log.store.lead['low_water'])
    records = [r for r in log.records if r.lsn >= first]
    found = [(r.lsn, r) for r in records if r.parts]
    ranges = log.damaged + [(r.lsn, r.lsn) for r in records if not r.parts]
    found += [(low, (low, high)) for low, high in ranges if low <= high]
    for lsn, r in sorted(found, key=lambda pair: pair[0]):
        if isinstance(r, Record):
            yield {'lsn': lsn, 'type': r.type, 'channel': r.channel, 'time': r.time,
                   **content(r.parts)}
        else:
            yield {'damaged': {'from': r[0], 'to': r[1]}}
    try:
        state = log.state()
        yield {'state': state and {'coveredLsn': state[0], **content(state[1])}}
    except Damaged:
        yield {'state': 'damaged'}
    yield {'end': {'row': log.end_row, 'segment': log.end.segment.number, 'offset': log.end.offset,
                   'generation': log.end.generation, 'lsn': log.end.last_lsn}}


if __name__ == '__main__':
    with open(sys.argv[1], 'rb') as file:
        content = file.read()
    try:
        for line in lines(gzip.decompress(content) if content[:2] == b'\x1f\x8b' else content,
                          '--hex' in sys.argv):
            print(json.dumps(line))
    except Unreadable as error:
        sys.exit(f'varve_reader: {error}')
