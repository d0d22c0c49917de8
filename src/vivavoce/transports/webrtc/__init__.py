"""WebRTC's media path: one `Peer` for each browser or phone, over aiortc.

offer.py        what may stand in an offer, and what of it is used
aiortc_seams.py where aiortc's inside is replaced, and the version that this was written for
jitter.py       RTP packets in the order of their sequence numbers
opus.py         the codec
reception.py    packets in, unbroken audio out
outbox.py       what is to be played: a queue, a fade, and how far it was played
track.py        the 20 ms clock that empties it
texts.py        the data channel
peer.py         all of it as one connection
"""

from vivavoce.transports.webrtc.offer import IceServer
from vivavoce.transports.webrtc.peer import Peer, PeerStatistics

__all__ = ["IceServer", "Peer", "PeerStatistics"]
