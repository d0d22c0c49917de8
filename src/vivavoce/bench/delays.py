"""What the scripted providers take, in seconds: those of a quick cloud stack."""

__all__ = ["FINAL_S", "FIRST_BYTE_S", "FIRST_TOKEN_S", "SCRIPTED_S", "TOKEN_S"]

FINAL_S = 0.350  # from the end of speech to the final transcript
FIRST_TOKEN_S = 0.375
TOKEN_S = 0.015  # between two tokens
FIRST_BYTE_S = 0.100  # of audio, once there is text
SCRIPTED_S = FINAL_S + FIRST_TOKEN_S + FIRST_BYTE_S  # of every gap
