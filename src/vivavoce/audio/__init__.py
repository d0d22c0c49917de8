"""Audio before and after the models: files, codecs, sample rates, levels. numpy; PyAV when used."""
