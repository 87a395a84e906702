"""What is done to a video file: check that it is one, take a still of it, and re-encode it to a size.

Stills of several takes are put together on a contact sheet, which Pillow draws: FFmpeg, as PyAV has it, writes no text.

Files come from outside, so nothing here trusts them. FFmpeg (inside PyAV) opens local MP4, MOV, WebM and Matroska files
with the usual codecs and nothing else: no playlist, no other file, no address. And it runs in a process of its own,
limited in memory and time: a file of 77 kB can make it take 3 GB by what its index claims, and a crash in a decoder
must not end the bot. Importing this package imports neither PyAV nor Pillow, which saves the bot 25 MB and up to 0.5 s.

``worker`` is the bot's side, ``__main__`` the process's; ``probing``, ``stills``, ``contact_sheets`` and ``fitting`` do
the work there.
"""

from bot.media.worker import MediaWorker

__all__ = ["MediaWorker"]
