document.body.append("The stereo player.");
