import "../photo/element";
