"""What is done to a video file: check that it is one, take a still of it, and re-encode it to a size.

Files come from outside, so nothing here trusts them. FFmpeg (inside PyAV) opens local MP4, MOV, WebM and Matroska files
with the usual codecs and nothing else: no playlist, no other file, no address. And it runs in a process of its own,
limited in memory and time: a file of 77 kB can make it take 3 GB by what its index claims, and a crash in a decoder
must not end the bot. Importing this package does not import PyAV, which saves the bot 25 MB and 0.1 to 0.5 s.

``worker`` is the bot's side, ``__main__`` the process's; ``probing``, ``stills`` and ``fitting`` do the work there.
"""

from bot.media.worker import MediaWorker

__all__ = ["MediaWorker"]
